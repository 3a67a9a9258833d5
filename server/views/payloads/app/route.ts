/** The tracker's pages. Names in their URLs are those of the API wherever it has them. */
import { type FlatRoutes, flatRoutes } from "../../../console/app/shell/flat-routes.ts";

export type PageName = "payloads" | "statuses" | "track";

export const ROUTES: FlatRoutes<PageName> = flatRoutes<PageName>("payloads", "statuses", "track");
export const linkTo: FlatRoutes<PageName>["linkTo"] = ROUTES.linkTo;
export const parseRoute: FlatRoutes<PageName>["parseRoute"] = ROUTES.parseRoute;
