/** The suite of all views, on the message store. */
import { describeView } from "../../../support/views/conformance.ts";
import { messagesSubject } from "../../../support/views/messages.ts";

describeView("the message store", messagesSubject, "each once");
