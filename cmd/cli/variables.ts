/** Environment variables beside the server's options: those that clients read, and those that jobs get. */

/** The address of the server, and the token. */
export const URL_VARIABLE = "NETLOG_URL";
export const TOKEN_VARIABLE = "NETLOG_TOKEN";
export const TOKEN_FROM_VARIABLE = "NETLOG_TOKEN_FROM";

/** What `netlog scan --exec` says to a command about its message. */
export const JOB_VARIABLES = {
  topic: "NETLOG_TOPIC",
  scanner: "NETLOG_SCANNER",
  offset: "NETLOG_OFFSET",
  timestamp: "NETLOG_TIMESTAMP",
  delivery: "NETLOG_DELIVERY",
  key: "NETLOG_KEY",
  contentType: "NETLOG_CONTENT_TYPE",
} as const;

/** A header of that message: `NETLOG_HEADER_X_META_TRACE`. */
export const JOB_HEADER_PREFIX = "NETLOG_HEADER_";

export const CLIENT_VARIABLES: readonly string[] = [
  URL_VARIABLE,
  TOKEN_VARIABLE,
  TOKEN_FROM_VARIABLE,
  ...Object.values(JOB_VARIABLES),
];
