/** The entry of the console: puts the pages into the shell, and the shell into the page. */
import "./shell/shell.css";
import "./parts/parts.css";
import "./parts/rows.css";
import "./parts/tables.css";
import "./messages/messages.css";
import "./messages/message-detail.css";
import "./topic/topic.css";
import { render } from "hono/jsx/dom";
import { MessagesPage } from "./messages/messages-page.tsx";
import { ScannersPage } from "./scanners/scanners-page.tsx";
import { ServerPage } from "./server/server-page.tsx";
import { ServerLink } from "./shell/server-link.ts";
import { type Pages, Shell } from "./shell/shell.tsx";
import { TopicPage } from "./topic/topic-page.tsx";
import { TopicsPage } from "./topics/topics-page.tsx";

const PAGES: Pages = {
  topics: TopicsPage,
  topic: TopicPage,
  messages: MessagesPage,
  scanners: ScannersPage,
  server: ServerPage,
};

/** The console is served below the server's own path. */
const url = new URL("../..", location.href).href.replace(/\/$/, "");
const link = new ServerLink({
  url,
  fetch: (...given) => fetch(...given),
  storage: sessionStorage,
  setTimeout: (call, delayMs) => setTimeout(call, delayMs),
});

const root = document.getElementById("console");
if (root === null) throw new TypeError("index.html has no place for the console");
render(<Shell link={link} pages={PAGES} />, root);
