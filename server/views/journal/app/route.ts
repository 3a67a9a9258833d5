/** The journal's pages. Names in their URLs are those of the API wherever it has them. */
import { type FlatRoutes, flatRoutes } from "../../../console/app/shell/flat-routes.ts";

export type PageName = "journal" | "telemetry";

export const ROUTES: FlatRoutes<PageName> = flatRoutes<PageName>("journal", "telemetry");
export const linkTo: FlatRoutes<PageName>["linkTo"] = ROUTES.linkTo;
export const parseRoute: FlatRoutes<PageName>["parseRoute"] = ROUTES.parseRoute;
