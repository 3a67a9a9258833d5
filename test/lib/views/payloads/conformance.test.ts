/** The suite of all views, on the payload tracker. */
import { describeView } from "../../../support/views/conformance.ts";
import { payloadsSubject } from "../../../support/views/payloads.ts";

describeView("the payload tracker", payloadsSubject, "each once");
