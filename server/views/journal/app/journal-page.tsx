/** The journal of a user, group, client or channel, page by page. All that is chosen stands in the URL. */
import type { Child } from "hono/jsx/dom";
import { countText } from "../../../console/app/figures/format.ts";
import { Empty } from "../../../console/app/parts/curl-line.tsx";
import { ChoiceField } from "../../../console/app/parts/field.tsx";
import { Pager } from "../../../console/app/parts/table.tsx";
import { usePageKeys } from "../../../console/app/shell/page.ts";
import { useShown } from "../../../console/app/shell/use-shown.ts";
import { entityChange, entityIn, entityText, troubleOf } from "./entity.ts";
import { EntityForm } from "./entity-form.tsx";
import { Failure } from "./failure.tsx";
import { JournalList } from "./journal-list.tsx";
import type { JournalPage as Listed } from "./journals.ts";
import { ListFilters } from "./list-filters.tsx";
import { apiParameters, type ListQuery, PAGE_SIZES, readListQuery } from "./list-query.ts";
import type { JournalPageProps } from "./page-props.ts";
import { linkTo } from "./route.ts";
import { rangeText } from "./time-range.ts";

export function JournalPage(props: JournalPageProps): Child {
  const { session, query, onQuery } = props;
  const entity = entityIn(query);
  const shown = JSON.stringify(entity);
  const trouble = troubleOf(entity);
  return (
    <>
      <h1 class="hearing">Journal</h1>
      <EntityForm
        key={shown}
        entity={entity}
        domains={session?.domains ?? []}
        onEntity={(next) => onQuery({ ...entityChange(next), page: undefined })}
      />
      {trouble === undefined ? (
        <Journals key={shown} {...props} />
      ) : (
        <Empty
          text={
            entity.id === ""
              ? "The journal says who did what, and when. Choose whose: a user, a group, a client or a channel, by its id."
              : trouble
          }
        >
          {session?.user === undefined ? null : (
            <a href={linkTo("journal", { type: "user", id: session.user })}>Your own journal</a>
          )}
        </Empty>
      )}
    </>
  );
}

function Journals({ link, session, query, onQuery }: JournalPageProps): Child {
  const list = readListQuery(query);
  const { entity } = list;
  const { answer, error, refresh } = useShown(
    link,
    (signal) => link.journals(entity, apiParameters(list, Date.now()), signal),
    [link, JSON.stringify(list)],
  );
  usePageKeys({ r: { text: "ask again", press: refresh } }, [refresh]);
  return (
    <>
      <div class="toolbar">
        <h2>{entityText(entity)}</h2>
        {entity.kind === "client" ? (
          <a href={linkTo("telemetry", { domain: entity.domain, id: entity.id })}>Its telemetry</a>
        ) : null}
        <button type="button" class="end" title="Ask again (r)" onClick={refresh}>
          Refresh
        </button>
      </div>
      <ListFilters list={list} onQuery={onQuery} />
      <Failure error={error} session={session} entity={entity} />
      {answer === undefined ? (
        error === undefined ? (
          <p role="status" class="dim">
            Loading …
          </p>
        ) : null
      ) : (
        <Rows list={list} listed={answer} onQuery={onQuery} />
      )}
    </>
  );
}

interface RowsProps extends Pick<JournalPageProps, "onQuery"> {
  readonly list: ListQuery;
  readonly listed: Listed;
}

function Rows({ list, listed: { total, journals }, onQuery }: RowsProps): Child {
  if (total === 0) return <NoRows list={list} onQuery={onQuery} />;
  const { entity, page, pageSize } = list;
  const pages = Math.ceil(total / pageSize);
  const first = (page - 1) * pageSize + 1;
  const where =
    journals.length === 0 ? "none" : `${countText(first)} to ${countText(first + journals.length - 1)}`;
  const go =
    (to: number): (() => void) =>
    () =>
      onQuery({ page: to === 1 ? undefined : String(to) });
  const pager = (label: string): Child => (
    <Pager
      label={label}
      text={`${where} of ${countText(total)}, page ${countText(page)} of ${countText(pages)}`}
      onPrevious={page === 1 ? undefined : go(Math.min(page - 1, pages))}
      onNext={page >= pages ? undefined : go(page + 1)}
    />
  );
  return (
    <>
      <div class="toolbar">
        {pager("Pages, above the list")}
        <ChoiceField
          label="on a page"
          value={String(pageSize)}
          choices={PAGE_SIZES.map((size) => ({ value: String(size), title: String(size) }))}
          onValue={(size) =>
            onQuery({ limit: Number(size) === PAGE_SIZES[0] ? undefined : size, page: undefined })
          }
        />
        <span class="dim">times are UTC</span>
      </div>
      <JournalList
        journals={journals}
        entity={entity}
        label={`Journals of ${entityText(entity)}`}
        onOperation={(operation) => onQuery({ operation, page: undefined })}
      />
      {pager("Pages, below the list")}
    </>
  );
}

function NoRows({ list: { entity, operation, range }, onQuery }: Pick<RowsProps, "list" | "onQuery">): Child {
  const filter = operation === "" ? "" : ` of the operation ${operation}`;
  const isCut = range.recent !== "all";
  return (
    <Empty text={`There are no journals of ${entityText(entity)}${filter}${rangeText(range)}.`}>
      {operation === "" && !isCut ? (
        <p class="dim">
          No event that the journal has read names it. Ids and domains are compared letter by letter.
        </p>
      ) : (
        <button
          type="button"
          onClick={() =>
            onQuery({
              operation: undefined,
              recent: undefined,
              from: undefined,
              to: undefined,
              page: undefined,
            })
          }
        >
          Look at any operation and all time
        </button>
      )}
    </Empty>
  );
}
