/** All workloads, in the order in which they run. */
import type { Workload } from "./workload.ts";
import { BATCH_IN } from "./workloads/batch-in.ts";
import { BULK_OUT } from "./workloads/bulk-out.ts";
import { DELIVERY } from "./workloads/delivery.ts";
import { ENGINE } from "./workloads/engine.ts";
import { GROWTH } from "./workloads/growth.ts";
import { GRPC } from "./workloads/grpc.ts";
import { JOURNAL } from "./workloads/journal.ts";
import { PUBLISH } from "./workloads/publish.ts";
import { PUBLISH_FIELDS } from "./workloads/publish-fields.ts";
import { PUBLISH_ONE } from "./workloads/publish-one.ts";
import { REMEMBERING_ONCE } from "./workloads/remembering.ts";
import { SCAN } from "./workloads/scan.ts";
import { STORE } from "./workloads/store.ts";
import { STREAMS } from "./workloads/streams.ts";
import { TRACKER } from "./workloads/tracker.ts";
import { WAITING } from "./workloads/waiting.ts";

export const WORKLOADS: readonly Workload[] = [
  ...PUBLISH,
  PUBLISH_ONE,
  PUBLISH_FIELDS,
  ...SCAN,
  ...BATCH_IN,
  BULK_OUT,
  DELIVERY,
  ...WAITING,
  ...STREAMS,
  ...GRPC,
  ...ENGINE,
  GROWTH,
  REMEMBERING_ONCE,
  ...TRACKER,
  ...JOURNAL,
  ...STORE,
];
