/** Variables of the environment that are no option of the server's: what clients read, and what jobs are told. */

/** Where the server is, and who asks. */
export const URL_VARIABLE = "NETLOG_URL";
export const TOKEN_VARIABLE = "NETLOG_TOKEN";
export const TOKEN_FROM_VARIABLE = "NETLOG_TOKEN_FROM";

/** Of the message that `netlog scan --exec` starts a command for. */
export const JOB_VARIABLES = {
  topic: "NETLOG_TOPIC",
  scanner: "NETLOG_SCANNER",
  offset: "NETLOG_OFFSET",
  timestamp: "NETLOG_TIMESTAMP",
  delivery: "NETLOG_DELIVERY",
} as const;

export const CLIENT_VARIABLES: readonly string[] = [
  URL_VARIABLE,
  TOKEN_VARIABLE,
  TOKEN_FROM_VARIABLE,
  ...Object.values(JOB_VARIABLES),
];
