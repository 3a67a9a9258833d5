/** What `netlog view` asks of the server: the list of its views, and a rebuild. */
import type { ViewCall } from "./view-call.ts";

/** As `GET /-/views` gives it. */
export interface ShownView {
  readonly name: string;
  readonly ready: boolean;
  readonly runner: boolean;
  readonly trouble?: string | undefined;
  readonly rows?: number | undefined;
  readonly dead_letters?: number | undefined;
  readonly topics: readonly {
    readonly topic: string;
    readonly id?: string | undefined;
    readonly next?: number | undefined;
    readonly lag?: number | undefined;
  }[];
}

/** The server refuses; the message is its own. */
export class ServerRefusal extends Error {}

/** No server answers at `--log`. */
export class ServerAway extends Error {
  /** Nothing listens at the address, and nobody named it: no server runs on this machine. */
  readonly isNone: boolean;

  constructor(message: string, isNone: boolean, cause: unknown) {
    super(message, { cause });
    this.isNone = isNone;
  }
}

type Asking = Pick<ViewCall, "options" | "token" | "isLogGiven">;

/** The server itself gives a silent database 10 s, and then says so. */
const LIST_MS = 20_000;

/** @throws ServerRefusal; ServerAway. */
export async function askServer(
  { options, token, isLogGiven }: Asking,
  method: "GET" | "POST",
  path: string,
  signal?: AbortSignal,
): Promise<Response> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const [server] = options.log;
  let response: Response;
  try {
    response = await fetch(`${server}${path}`, {
      method,
      headers,
      redirect: "manual",
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    const { code, message } = causeOf(error);
    const isNone = !isLogGiven && code === "ECONNREFUSED";
    throw new ServerAway(`the server at ${server} does not answer (${code ?? message})`, isNone, error);
  }
  if (response.ok) return response;
  const { error, reason } = (await response.json().catch(() => ({}))) as { error?: string; reason?: string };
  const text = error ?? `netlog: the answer is ${response.status}`;
  throw new ServerRefusal(`${method} ${server}${path}: ${text.replace(/^netlog: /, "")}, ${reason ?? ""}`);
}

/** The views of the server. @throws ServerRefusal; ServerAway. */
export async function viewsOf(call: Asking): Promise<readonly ShownView[]> {
  const response = await askServer(call, "GET", "/-/views", AbortSignal.timeout(LIST_MS));
  try {
    return (await response.json()) as ShownView[];
  } catch (error) {
    const { options } = call;
    throw new ServerRefusal(
      `what answers at ${options.log[0]} is no Netlog server (${causeOf(error).message})`,
    );
  }
}

/** Node's `fetch` says why it failed in the cause. */
function causeOf(error: unknown): { readonly code?: string; readonly message: string } {
  const { cause } = error as { readonly cause?: unknown };
  const found = cause instanceof Error ? cause : error;
  return found instanceof Error ? found : { message: String(found) };
}
