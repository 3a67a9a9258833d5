/** The reference server of the Durable Streams protocol, on files: the module and the folder are its arguments. */
interface ReferenceModule {
  readonly DurableStreamTestServer: new (options: {
    readonly port: number;
    readonly dataDir: string;
  }) => { start(): Promise<string> };
}

const [module = "", dataDir = ""] = process.argv.slice(2);
const { DurableStreamTestServer } = (await import(module)) as ReferenceModule;
const url = await new DurableStreamTestServer({ port: 0, dataDir }).start();
process.send?.(Number(new URL(url).port));
