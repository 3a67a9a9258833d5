/**
 * Every cap of the server in one place. A limit is checked before memory is taken. Units stand at the end
 * of the names; bytes are bytes, not characters.
 */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
/** What `max_message_size` and `max_batch_size` may be at most. */
export const LARGEST_BYTES: number = 64 * MiB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

export interface Limits {
  /** One message's payload. */
  readonly payloadBytes: number;
  /** One batch, as sent; and one message set that is sent, unpacked. */
  readonly batchBytes: number;
  /**
   * One message set, unpacked, on reading: of the largest batch that any server may be told to take, and a batch of text
   * grows by the headers of its messages.
   */
  readonly setBytes: number;
  /** Messages of one batch, and of one message set. */
  readonly batchMessages: number;
  /** A message's key, in bytes of UTF-8; its content type, in characters; and its headers. */
  readonly messageKeyBytes: number;
  readonly contentTypeLength: number;
  readonly messageHeaders: number;
  /** Key, content type and headers of a message together, as an answer spells them in its headers. */
  readonly messageFieldsBytes: number;
  /** Keys that one reads by; and bytes that one call looks at for them at most. */
  readonly keysRead: number;
  readonly keySearchBytes: number;
  /** An idempotency key, in characters; and a producer's id, in bytes of UTF-8. */
  readonly idempotencyKeyLength: number;
  readonly producerIdBytes: number;
  /** What a topic remembers: idempotency keys, the newest; producers; and of each producer the newest appends. */
  readonly idempotencyKeys: number;
  readonly producers: number;
  readonly producerAppends: number;
  /** `idempotency_window`. */
  readonly idempotencyWindowMs: number;
  /** Keys and producers of all topics together: the oldest are forgotten. */
  readonly remembered: number;
  /** A topic's state is written each time so many appends were added to it. */
  readonly stateCheckpointAppends: number;
  /** An append that needs a state which is still being made waits so long for it. */
  readonly stateWaitMs: number;
  /** A longer state file is none of ours. */
  readonly stateFileBytes: number;
  /** JSON bodies: settings. */
  readonly settingsBytes: number;
  /** Arrays and objects within each other, of all JSON that is taken: bodies, files of tokens and of configuration. */
  readonly jsonDepth: number;
  /** The same of a payload, in a topic of JSON. */
  readonly payloadJsonDepth: number;
  /** The least that a topic's ttl may be. */
  readonly ttlMinMs: number;

  /** `segment_size`, both ends included. */
  readonly segmentSizeMinBytes: number;
  readonly segmentSizeMaxBytes: number;
  /** Relative offsets and positions within a segment are u32. */
  readonly segmentPosition: number;
  /** Nothing is written from this offset on, nor from this time on: numbers beyond come from damage or a wrong clock. */
  readonly offsetEnd: number;
  readonly timestampEndMs: number;
  /** Topic names and scanner names, in characters. */
  readonly topicNameLength: number;
  readonly scannerNameLength: number;
  /** `batch_interval` and `sync_interval`. */
  readonly settingsIntervalMs: number;
  /** Messages of one answer, when nothing is said; and at most: more is taken for this. */
  readonly readMessages: number;
  readonly readMessagesMax: number;
  /** Bytes of one answer's body, when nothing is said; and at most: more is taken for this. */
  readonly readBytes: number;
  readonly readBytesMax: number;
  /** Frames that a reader of many messages reads together; and what a stream writes at once. */
  readonly readAheadBytes: number;
  /** Buffers of that size that are kept for the next readers of many frames; and cursors that each topic keeps for them. */
  readonly idleReadBuffers: number;
  readonly idleCursors: number;
  /** `wait`: more is taken for this. */
  readonly waitMs: number;
  /** Findings that one check lists. */
  readonly checkFindings: number;
  /**
   * Memory for requests that are not over, of all clients together: of bodies that came in, and of answers that are not
   * taken yet. Payloads on their way to the disk have a budget of the same size.
   */
  readonly bytesInFlight: number;
  /**
   * A body that came whole and an answer that is being made count when they are larger. What the client keeps waiting
   * counts from the first byte on: a body that is not whole, an answer that is not taken.
   */
  readonly uncountedBytes: number;
  /** Beyond `bytesInFlight` there is so much for what is not larger than `uncountedBytes`, which counts as well. */
  readonly smallBytesInFlight: number;
  /** A body that is being unpacked counts so much, beside its bytes when those are more than `uncountedBytes`. */
  readonly unpackerBytes: number;
  /** Topics of a server, those that cannot be served included; and scanners of a topic. */
  readonly topics: number;
  readonly scanners: number;
  /** A scanner that is not persistent is dropped when it was not used for so long. */
  readonly scannerIdleMs: number;
  /** Positions of persistent scanners are synced so long after they were written. */
  readonly scannerSyncMs: number;
  /** Of a scanner with acknowledgements: `ack_wait`, `delay` of a nack, `max_pending` and `max_deliver`. */
  readonly ackWaitMinMs: number;
  readonly ackWaitMaxMs: number;
  readonly nackDelayMs: number;
  readonly pendingMax: number;
  readonly deliverMax: number;
  /** JSON bodies of ack, nack and touch: as many offsets as may be pending, each with its comma and a space. */
  readonly ackBytes: number;
  /** What was settled is remembered with its lease for so many messages a scanner, for those that settle twice. */
  readonly recentSettles: number;
  /** A scanner's journal is begun anew when it is longer, and four times as long as its state. */
  readonly leaseJournalBytes: number;
  /** A longer journal is none of ours. */
  readonly leaseFileBytes: number;
  /** Dead letters copied together; and how long after a failure it is tried again: at first, and at most. */
  readonly deadLettersTogether: number;
  readonly deadLetterRetryMs: number;
  readonly deadLetterRetryMaxMs: number;
  /** Written to the data folder and removed when a client asks whether the server is ready, so often at most. */
  readonly probeBytes: number;
  readonly probeMs: number;
  /** Topics opened or closed at a time. */
  readonly topicsInTransition: number;

  /** One index entry for so many bytes of data. */
  readonly indexIntervalBytes: number;
  /** The active segment's index is written each time so much data was added. */
  readonly indexCheckpointBytes: number;
  /** Newest written bytes kept in memory, of one topic and of all. */
  readonly tailBytes: number;
  readonly tailTotalBytes: number;
  /** Unit of reading history, as long as a step of the index; and what is kept of it. */
  readonly blockBytes: number;
  readonly blockCacheBytes: number;
  /** Indexes of sealed segments kept in memory. */
  readonly indexCacheBytes: number;
  /** Unpacked message sets kept in memory. */
  readonly setCacheBytes: number;
  /** Open files of sealed segments; and of scanners. */
  readonly openFiles: number;
  readonly openScannerFiles: number;
  /** Syncs in flight, of all topics together; reads of frames that span many blocks; and sets that are unpacked. */
  readonly syncsInFlight: number;
  readonly largeReads: number;
  readonly offloadedWork: number;
  /** Torn bytes kept beside a segment that was cut. */
  readonly tornBytes: number;
  /** Compression of more than this is done off the event loop. */
  readonly inlineCompressionBytes: number;

  /** Topics, and scanners of all topics, that have figures of their own in the metrics; the rest is one sum. */
  readonly metricTopics: number;
  readonly metricScanners: number;
  /** Of a token file: bytes, tokens, patterns of topics a token, and characters of a token's name. */
  readonly tokenFileBytes: number;
  readonly tokens: number;
  readonly tokenPatterns: number;
  readonly tokenNameLength: number;
  /** Clients whose rate is remembered; of more, the ones longest not seen are forgotten. */
  readonly rateLimitedClients: number;
  /** Requests of one address that need no token: health, description, OPTIONS. */
  readonly openRequestsPerSecond: number;
  /** Refusals of one address without a valid token, where tokens are used; a further one comes after so long. */
  readonly refusalsPerSecond: number;
  readonly refusalDelayMs: number;
  /** A file with a certificate or its key. */
  readonly certificateBytes: number;
  /** Request line and headers together. */
  readonly headerBytes: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: number;
  /** A request's body that brings nothing for so long (up to twice as long) is given up. */
  readonly bodyIdleMs: number;
  /** Maximum time for a whole body, even if it keeps arriving. Streams are exempt. */
  readonly bodyMs: number;
  /** Open connections; and further ones that are kept for as long as it takes to tell them so. */
  readonly connections: number;
  readonly surplusConnections: number;
  /** Requests that wait for a message; streams are bounded by connections. */
  readonly waitingRequests: number;
  /** Requests of one connection under way at once, small publishes alone: others are taken up one after the other. */
  readonly pipelinedRequests: number;
  /** Bytes of one connection that are read before their turn. Behind more of them no request waits. */
  readonly pipelinedBytes: number;
  /** Whole messages of one stream in that wait for those before them to be committed; then the client waits. */
  readonly streamInBytes: number;
  /** A stream that finds too many bytes in flight tries again after so long. */
  readonly streamRetryMs: number;
  /** A stream in may be silent for ever; after so long its connection is probed. */
  readonly streamInProbeMs: number;
  /** A connection without a request. */
  readonly keepAliveMs: number;
  /** What is left of a body that nobody wants: read and dropped up to this, so that the connection can be kept. */
  readonly skippedBodyBytes: number;
  /** A longer one: the answer is given, and so much and so long is dropped before the connection is closed. */
  readonly lingerBytes: number;
  readonly lingerMs: number;
  /** A stream tells so often that it is alive. */
  readonly heartbeatMs: number;
  /** An answer whose reader takes nothing of what waits for it for so long is cut. */
  readonly stalledMs: number;
  /** Failures of the system with the same code are logged so far apart. */
  readonly failureLogMs: number;
  /** Log lines that the system does not take now; and the time they get when the program ends. */
  readonly logWaitingBytes: number;
  readonly logDrainMs: number;
  /** Requests in flight when the server is stopped have so long. */
  readonly stopMs: number;
}

export const LIMITS: Limits = {
  payloadBytes: 16 * MiB,
  batchBytes: 8 * MiB,
  setBytes: LARGEST_BYTES + 9 * 65_536,
  batchMessages: 65_536,
  messageKeyBytes: 1024,
  contentTypeLength: 255,
  messageHeaders: 64,
  messageFieldsBytes: 8 * KiB,
  keysRead: 64,
  keySearchBytes: 16 * MiB,
  idempotencyKeyLength: 255,
  producerIdBytes: 255,
  idempotencyKeys: 100_000,
  producers: 10_000,
  producerAppends: 48,
  idempotencyWindowMs: DAY_MS,
  remembered: 1_000_000,
  stateCheckpointAppends: 10_000,
  stateWaitMs: SECOND_MS,
  stateFileBytes: 64 * MiB,
  settingsBytes: 64 * KiB,
  jsonDepth: 64,
  payloadJsonDepth: 1000,
  ttlMinMs: SECOND_MS,
  segmentSizeMinBytes: 1024,
  segmentSizeMaxBytes: 2 * GiB,
  segmentPosition: 2 ** 32 - 1,
  offsetEnd: 2 ** 53 - 2 ** 32,
  timestampEndMs: Date.UTC(2100, 0, 1),
  topicNameLength: 255,
  scannerNameLength: 128,
  settingsIntervalMs: DAY_MS,
  readMessages: 1000,
  readMessagesMax: 100_000,
  readBytes: 8 * MiB,
  readBytesMax: 16 * MiB,
  readAheadBytes: 512 * KiB,
  idleReadBuffers: 16,
  idleCursors: 64,
  waitMs: DAY_MS,
  checkFindings: 1000,
  bytesInFlight: 256 * MiB,
  uncountedBytes: 64 * KiB,
  smallBytesInFlight: 64 * MiB,
  unpackerBytes: 128 * KiB,
  topics: 10_000,
  scanners: 16_384,
  scannerIdleMs: 7 * DAY_MS,
  scannerSyncMs: SECOND_MS,
  ackWaitMinMs: 100,
  ackWaitMaxMs: DAY_MS,
  nackDelayMs: DAY_MS,
  pendingMax: 100_000,
  deliverMax: 1_000_000_000,
  ackBytes: 2 * MiB,
  recentSettles: 1000,
  leaseJournalBytes: 256 * KiB,
  leaseFileBytes: 64 * MiB,
  deadLettersTogether: 64,
  deadLetterRetryMs: SECOND_MS,
  deadLetterRetryMaxMs: MINUTE_MS,
  probeBytes: 64 * KiB,
  probeMs: SECOND_MS,
  topicsInTransition: 32,
  indexIntervalBytes: 32 * KiB,
  indexCheckpointBytes: 64 * MiB,
  tailBytes: 2 * MiB,
  tailTotalBytes: 128 * MiB,
  blockBytes: 32 * KiB,
  blockCacheBytes: 64 * MiB,
  indexCacheBytes: 32 * MiB,
  setCacheBytes: 32 * MiB,
  openFiles: 512,
  openScannerFiles: 128,
  syncsInFlight: 8,
  largeReads: 8,
  offloadedWork: 16,
  tornBytes: MiB,
  inlineCompressionBytes: 64 * KiB,
  metricTopics: 200,
  metricScanners: 200,
  tokenFileBytes: MiB,
  tokens: 1000,
  tokenPatterns: 100,
  tokenNameLength: 128,
  rateLimitedClients: 10_000,
  openRequestsPerSecond: 1000,
  refusalsPerSecond: 1000,
  refusalDelayMs: SECOND_MS,
  certificateBytes: MiB,
  headerBytes: 16 * KiB,
  headersMs: 30 * SECOND_MS,
  bodyIdleMs: 30 * SECOND_MS,
  bodyMs: 10 * MINUTE_MS,
  connections: 16_384,
  surplusConnections: 256,
  waitingRequests: 16_384,
  pipelinedRequests: 48,
  pipelinedBytes: 64 * KiB,
  streamInBytes: MiB,
  streamRetryMs: 50,
  streamInProbeMs: 30 * SECOND_MS,
  keepAliveMs: 65 * SECOND_MS,
  skippedBodyBytes: 64 * KiB,
  lingerBytes: 32 * MiB,
  lingerMs: 2 * SECOND_MS,
  heartbeatMs: 15 * SECOND_MS,
  stalledMs: MINUTE_MS,
  failureLogMs: 10 * SECOND_MS,
  logWaitingBytes: 256 * KiB,
  logDrainMs: SECOND_MS,
  stopMs: 10 * SECOND_MS,
};
