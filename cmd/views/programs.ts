/** The programs of all views, each loaded when it runs. */
import type { ViewProgram } from "../../server/views/view-program.ts";
import type { ViewName } from "../options/views.ts";

export const VIEW_PROGRAMS: Readonly<Record<ViewName, () => Promise<ViewProgram>>> = {
  payloads: async () => (await import("../../server/views/payloads/program.ts")).payloadsProgram,
  journal: async () => (await import("../../server/views/journal/program.ts")).journalProgram,
  messages: async () => (await import("../../server/views/messages/program.ts")).messagesProgram,
};
