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

type Asking = Pick<ViewCall, "options" | "token">;

/** `undefined`: no server answers there. @throws ServerRefusal. */
export async function askServer(
  { options, token }: Asking,
  method: "GET" | "POST",
  path: string,
): Promise<Response | undefined> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(`${options.log}${path}`, { method, headers, redirect: "manual" });
  } catch {
    return undefined;
  }
  if (response.ok) return response;
  const { error, reason } = (await response.json().catch(() => ({}))) as { error?: string; reason?: string };
  const text = error ?? `netlog: the answer is ${response.status}`;
  throw new ServerRefusal(
    `${method} ${options.log}${path}: ${text.replace(/^netlog: /, "")}, ${reason ?? ""}`,
  );
}

/** The views of the server; `undefined`: no server answers. @throws ServerRefusal. */
export async function viewsOf(call: Asking): Promise<readonly ShownView[] | undefined> {
  const response = await askServer(call, "GET", "/-/views");
  return response && ((await response.json()) as ShownView[]);
}
