/** A list of the tracker, page by page: filters, a date range, columns, an order, all of which stand in the URL. */
import { type Child, useState } from "hono/jsx/dom";
import { countText } from "../../../console/app/figures/format.ts";
import { Empty } from "../../../console/app/parts/curl-line.tsx";
import { ChoiceField } from "../../../console/app/parts/field.tsx";
import { Pager, Table } from "../../../console/app/parts/table.tsx";
import { usePageKeys } from "../../../console/app/shell/page.ts";
import { PollNotice } from "../../../console/app/shell/poll-notice.tsx";
import { useShown } from "../../../console/app/shell/use-shown.ts";
import { ColumnChoice } from "./column-choice.tsx";
import { csvOf } from "./csv.ts";
import { RangeHistory, rangeChange, rangeText } from "./date-range.ts";
import { Filters, type FilterValues } from "./filters.tsx";
import { listColumns } from "./list-columns.tsx";
import type { ListForm } from "./list-form.ts";
import { apiParameters, columnsChange, type ListQuery, PAGE_SIZES, readListQuery } from "./list-query.ts";
import type { TrackerPageProps } from "./page-props.ts";
import { RangeFields } from "./range-fields.tsx";
import { saveText } from "./save-text.ts";
import type { Listed } from "./tracker-link.ts";

/** They outlive the page. */
const histories: Readonly<Record<ListForm["path"], RangeHistory>> = {
  payloads: new RangeHistory(),
  statuses: new RangeHistory(),
};

export interface ListPageProps extends TrackerPageProps {
  readonly form: ListForm;
}

export function ListPage({ link, query, onQuery, form }: ListPageProps): Child {
  const list = readListQuery(query, form);
  const [staged, setStaged] = useState<FilterValues>({});
  const { columns: _, ...asked } = list;
  const {
    answer: listed,
    error,
    refresh,
  } = useShown(
    link,
    async (signal) => ({
      ...(await link.list(form.path, apiParameters(list, Date.now()), signal)),
      page: list.page,
    }),
    [link, JSON.stringify(asked)],
  );
  usePageKeys({ r: { text: "ask again", press: refresh } }, [refresh]);
  const apply = (filters: FilterValues): void => {
    setStaged({});
    onQuery({ ...Object.fromEntries(form.filters.map((name) => [name, filters[name]])), page: undefined });
  };
  const save = (): void =>
    saveText(csvOf(list.columns, listed?.data ?? []), `${form.path}-page-${listed?.page}.csv`);
  return (
    <>
      <div class="toolbar">
        <h1>{form.title}</h1>
        <button type="button" class="end" title="Ask again (r)" onClick={refresh}>
          Refresh
        </button>
        <button type="button" disabled={listed === undefined || listed.data.length === 0} onClick={save}>
          CSV
        </button>
      </div>
      <RangeFields
        range={list.range}
        times={form.times}
        history={histories[form.path]}
        onRange={(range) => onQuery(rangeChange(range, form.times))}
      />
      <Filters
        names={form.filters}
        applied={list.filters}
        staged={staged}
        onStage={setStaged}
        onApply={apply}
      />
      <ColumnChoice
        columns={form.columns}
        shown={list.columns}
        onShown={(shown) => onQuery(columnsChange(shown, form), "replace")}
      />
      <PollNotice error={error} />
      {listed === undefined ? null : (
        <Rows
          list={list}
          listed={listed}
          form={form}
          onQuery={onQuery}
          onStage={(name, value) => setStaged({ ...staged, [name]: value })}
        />
      )}
    </>
  );
}

interface RowsProps extends Pick<TrackerPageProps, "onQuery"> {
  readonly list: ListQuery;
  readonly listed: Listed;
  readonly form: ListForm;
  readonly onStage: (name: string, value: string) => void;
}

function Rows({ list, listed: { count, data }, form, onQuery, onStage }: RowsProps): Child {
  if (count === 0) return <NoRows list={list} form={form} onQuery={onQuery} />;
  const { page, pageSize, sortBy, isDescending } = list;
  const pages = Math.ceil(count / pageSize);
  const first = (page - 1) * pageSize + 1;
  const where = data.length === 0 ? "none" : `${countText(first)} to ${countText(first + data.length - 1)}`;
  const text = `${where} of ${countText(count)}, page ${countText(page)} of ${countText(pages)}`;
  const go =
    (to: number): (() => void) =>
    () =>
      onQuery({ page: to === 1 ? undefined : String(to) });
  const pager = (label: string): Child => (
    <Pager
      label={label}
      text={text}
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
            onQuery({ page_size: Number(size) === PAGE_SIZES[0] ? undefined : size, page: undefined })
          }
        />
      </div>
      <Table
        label={form.title}
        columns={listColumns(form, list, onStage)}
        rows={data}
        keyOf={(_, place) => String(place)}
        sort={{ name: sortBy, isDescending }}
        onSort={({ name, isDescending: isDown }) =>
          onQuery({ sort_by: name, sort_dir: isDown ? "desc" : "asc", page: undefined })
        }
      />
      {pager("Pages, below the list")}
    </>
  );
}

function NoRows({
  list: { filters, range },
  form,
  onQuery,
}: Pick<RowsProps, "list" | "form" | "onQuery">): Child {
  const isFiltered = Object.keys(filters).length > 0;
  if (range.recent === "all" && !isFiltered) {
    return <Empty text={`No results found. No service has reported anything yet.`} />;
  }
  const all = (): void => onQuery(rangeChange({ by: range.by, recent: "all" }, form.times));
  return (
    <Empty text={`No results found${isFiltered ? " with these filters" : ""}${rangeText(range)}.`}>
      {range.recent === "all" ? null : (
        <button type="button" onClick={all}>
          Look in All Time
        </button>
      )}
    </Empty>
  );
}
