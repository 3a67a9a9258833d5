/** The suite of all views, on the smallest one. */
import { describeView } from "../../support/views/conformance.ts";
import { counterSubject } from "../../support/views/counter-view.ts";

describeView("a counter", counterSubject);
