/**
 * The scanners of a topic. The server gives all of them in one answer; the page draws a hundred at a time, and asks less
 * often where the answer takes long.
 */
import { type Child, useState } from "hono/jsx/dom";
import type { ScannerDescription } from "../../../../lib/client/index.ts";
import { curlToPost } from "../feed/curl.ts";
import { counted, countText } from "../figures/format.ts";
import { SCANNERS_OF_PAGE, type ScannerPage, scannerPage } from "../figures/scanner-list.ts";
import { Empty } from "../parts/curl-line.tsx";
import { TextField } from "../parts/field.tsx";
import { formatSort, Pager, parseSort, Table } from "../parts/table.tsx";
import { type PageProps, usePageKeys } from "../shell/page.ts";
import { PollNotice } from "../shell/poll-notice.tsx";
import { useRights } from "../shell/rights.ts";
import { usePoll } from "../shell/use-poll.ts";
import { CreateScanner } from "./create-scanner.tsx";
import { scannerColumns } from "./scanner-columns.tsx";
import { ScannerDetail } from "./scanner-detail.tsx";

const EVERY_MS = 1000;
const BY_ID = { name: "id", isDescending: false };

export function ScannersPage({ link, topic, query, onQuery }: PageProps): Child {
  const [isCreating, setCreating] = useState(false);
  const poll = usePoll(
    link,
    { ask: (signal) => link.once.topic(topic).scanners({ signal }), everyMs: EVERY_MS },
    [link, topic],
  );
  const { mayWrite } = useRights(link, topic);
  usePageKeys({ c: { text: "create a scanner", press: () => setCreating(true) } }, []);
  const all = poll.answer;
  const open = all?.find(({ id }) => id === query.id);
  return (
    <>
      <div class="toolbar">
        <TextField
          label="Id holds"
          type="search"
          value={query.filter ?? ""}
          onValue={(filter) => onQuery({ filter: filter || undefined, page: undefined }, "replace")}
        />
        <button type="button" class="end" onClick={() => setCreating(true)}>
          Create a scanner…
        </button>
      </div>
      <PollNotice error={poll.error} />
      {all === undefined ? null : (
        <List all={all} link={link} topic={topic} query={query} onQuery={onQuery} />
      )}
      {open === undefined ? (
        <Gone id={all === undefined ? undefined : query.id} />
      ) : (
        <ScannerDetail
          key={open.id}
          link={link}
          topic={topic}
          scanner={open}
          mayWrite={mayWrite}
          onChanged={() => poll.start()}
          onClose={() => onQuery({ id: undefined })}
        />
      )}
      {isCreating ? (
        <CreateScanner
          link={link}
          topic={topic}
          ids={(all ?? []).map(({ id }) => id)}
          onClose={() => setCreating(false)}
          onCreated={(id) => {
            setCreating(false);
            onQuery({ id });
            poll.start();
          }}
        />
      ) : null}
    </>
  );
}

function Gone({ id }: { readonly id: string | undefined }): Child {
  return id === undefined ? null : <p class="dim">There is no scanner {id} any more.</p>;
}

interface ListProps extends PageProps {
  readonly all: readonly ScannerDescription[];
}

function List({ all, link, topic, query, onQuery }: ListProps): Child {
  if (all.length === 0) {
    return (
      <Empty
        text="This topic has no scanners. A scanner is a reader's place that the server keeps; this makes one:"
        line={curlToPost(link.curl, `/${encodeURIComponent(topic)}/scanner?id=workers&ack=explicit`)}
      />
    );
  }
  const sort = parseSort(query.sort, BY_ID);
  const filter = query.filter ?? "";
  const shown = scannerPage(all, {
    filter,
    sort: sort.name,
    isDescending: sort.isDescending,
    page: Number(query.page) || 0,
  });
  if (shown.count === 0)
    return <Empty text={`None of the ${counted(all.length, "scanner")} has “${filter}” in its id.`} />;
  return (
    <>
      <Table
        label={`Scanners of ${topic}`}
        columns={scannerColumns({ topic, query, nowMs: Date.now() })}
        rows={shown.rows}
        keyOf={({ id }) => id}
        sort={sort}
        onSort={(to) => onQuery({ sort: formatSort(to), page: undefined })}
        selected={query.id}
      />
      <Pages shown={shown} onPage={(page) => onQuery({ page: page === 0 ? undefined : String(page) })} />
    </>
  );
}

interface PagesProps {
  readonly shown: ScannerPage;
  readonly onPage: (page: number) => void;
}

function Pages({ shown: { rows, first, count, hasNext }, onPage }: PagesProps): Child {
  if (count <= SCANNERS_OF_PAGE) return <p class="dim">{counted(count, "scanner")}</p>;
  const page = first / SCANNERS_OF_PAGE;
  return (
    <Pager
      text={`${countText(first + 1)} to ${countText(first + rows.length)} of ${counted(count, "scanner")}`}
      onPrevious={first === 0 ? undefined : () => onPage(page - 1)}
      onNext={hasNext ? () => onPage(page + 1) : undefined}
    />
  );
}
