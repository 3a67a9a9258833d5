/** The suite of all views, on the journal. */
import { describeView } from "../../../support/views/conformance.ts";
import { journalSubject } from "../../../support/views/journal.ts";

describeView("the journal", journalSubject, "each once");
