/** Texts as they may be shown: URLs of databases without their passwords, settings of views without their secrets. */

const HIDDEN = "***";
/** From the first colon of what stands before the last @: also a password that is not percent-encoded is hidden as a whole. */
const USER_INFO = /^([a-z+]+:\/\/|(?![a-z+]+:\/\/))([^:]*):.*@/is;
const PASSWORD_PARAMETER = /(password=)[^&\s]*/gi;
/** Up to the next setting of a list. */
const SECRET_SETTING = /((?:PASS|SECRET|TOKEN)[A-Z0-9_]*=).*?(?=,[a-z]+\.[A-Z]|$)/gs;

/** `postgres://netlog:***@host/db`. */
export function hideUrlSecrets(url: string): string {
  return url.replace(USER_INFO, `$1$2:${HIDDEN}@`).replace(PASSWORD_PARAMETER, `$1${HIDDEN}`);
}

/** `payloads.DB_PASSWORD=***,payloads.PUBLICPORT=8080`. */
export function hideSettingSecrets(settings: string): string {
  return settings.replace(SECRET_SETTING, `$1${HIDDEN}`);
}

/** The arguments of a program as `ps` may show them; `undefined`: they hold no secret. */
export function hideArgumentSecrets(args: readonly string[]): string | undefined {
  const shown = args.map((text) =>
    hideSettingSecrets(/postgres(ql)?:\/\//i.test(text) ? hideFlag(text) : text),
  );
  return shown.some((text, index) => text !== args[index]) ? shown.join(" ") : undefined;
}

/** `--db=postgres://…` as well. */
function hideFlag(text: string): string {
  const [, flag = "", url = ""] = /^(-[^=]*=)?(.*)$/s.exec(text) ?? [];
  return flag + hideUrlSecrets(url);
}
