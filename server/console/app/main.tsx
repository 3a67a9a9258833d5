/** The entry of the console: mounts the page. */
import "./main.css";
import { render } from "hono/jsx/dom";

function Console() {
  return (
    <main>
      <h1>netlog</h1>
    </main>
  );
}

const root = document.getElementById("console");
if (root === null) throw new TypeError("index.html has no place for the console");
render(<Console />, root);
