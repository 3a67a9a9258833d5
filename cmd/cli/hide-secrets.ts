/** Texts as they may be shown: URLs of databases and of NATS without passwords and tokens, settings of views without secrets. */

const HIDDEN = "***";
/** From the first colon of what stands before the last @: also a password that is not percent-encoded is hidden as a whole. */
const USER_INFO = /^([a-z+]+:\/\/|(?![a-z+]+:\/\/))([^:]*):.*@/is;
/** What stands before the @ may be a token. There may be several URLs. */
const NATS_USER_INFO = /((?:nats|tls):\/\/)[^/,]*@/gi;
const PASSWORD_PARAMETER = /(password=)[^&\s]*/gi;
/** Up to the next setting of a list. */
const SECRET_SETTING = /((?:PASS|SECRET|TOKEN)[A-Z0-9_]*=).*?(?=,[a-z]+\.[A-Z]|$)/gs;

/** `postgres://netlog:***@host/db`, `nats://***@host:4222`. */
export function hideUrlSecrets(url: string): string {
  if (/(?:nats|tls):\/\//i.test(url)) return url.replace(NATS_USER_INFO, `$1${HIDDEN}@`);
  return url.replace(USER_INFO, `$1$2:${HIDDEN}@`).replace(PASSWORD_PARAMETER, `$1${HIDDEN}`);
}

/** `payloads.DB_PASSWORD=***,payloads.PUBLICPORT=8080`. */
export function hideSettingSecrets(settings: string): string {
  return settings.replace(SECRET_SETTING, `$1${HIDDEN}`);
}

/** The arguments of a program as `ps` may show them; `undefined`: they hold no secret. */
export function hideArgumentSecrets(args: readonly string[]): string | undefined {
  const shown = args.map((text) =>
    hideSettingSecrets(/(?:postgres(?:ql)?|nats|tls):\/\//i.test(text) ? hideFlag(text) : text),
  );
  return shown.some((text, index) => text !== args[index]) ? shown.join(" ") : undefined;
}

/** `--db=postgres://…` as well. */
function hideFlag(text: string): string {
  const [, flag = "", url = ""] = /^(-[^=]*=)?(.*)$/s.exec(text) ?? [];
  return flag + hideUrlSecrets(url);
}
