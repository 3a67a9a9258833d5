/** The journal's description of its API, which is held against its routes. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { openAccess } from "../../../../server/views/journal/access.ts";
import type { Journal } from "../../../../server/views/journal/journal.ts";
import { describeApi } from "../../../../server/views/journal/openapi.ts";
import { PAGES_PATH, pagesRoutes } from "../../../../server/views/journal/pages.ts";
import { domainRoutes, ownRoutes } from "../../../../server/views/journal/routes.ts";

const journal = { access: openAccess } as Journal;
const ROUTES = [...ownRoutes(journal), ...domainRoutes(journal), ...pagesRoutes(journal)].filter(
  // The second finds clients for the route of all entities.
  ({ path }) => !path.startsWith(PAGES_PATH) && path !== "/:domain/journal/client/:id",
);

interface Described {
  readonly paths: Readonly<
    Record<
      string,
      { readonly get: { readonly parameters?: readonly { readonly in: string; readonly name: string }[] } }
    >
  >;
}

test("it is OpenAPI, and has every route but the pages, with every parameter", async () => {
  const document = describeApi("1.2.3");
  expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
  const { paths } = document as unknown as Described;
  const described = Object.entries(paths).map(([path, { get }]) => [
    path,
    (get.parameters ?? []).filter((each) => each.in === "query").map(({ name }) => name),
  ]);
  const routes = ROUTES.map(({ path, parameters }) => [path.replace(/:(\w+)/g, "{$1}"), parameters.names]);
  expect(Object.fromEntries(described)).toEqual(Object.fromEntries(routes));
});
