/**
 * The list of topics, asked for once a second in one request. The server filters, sorts and pages it: the page holds a
 * hundred topics at a time, however many there are.
 */
import { type Child, useRef, useState } from "hono/jsx/dom";
import type { TopicFigures, TopicPage } from "../../../../lib/client/index.ts";
import { curlToCreate, curlToPublish, HELLO } from "../feed/curl.ts";
import { counted, countText } from "../figures/format.ts";
import { RateWatch } from "../figures/rates.ts";
import { Empty } from "../parts/curl-line.tsx";
import { DeleteDialog } from "../parts/delete-dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { formatSort, Pager, parseSort, type Sort, Table } from "../parts/table.tsx";
import { sentenceOf } from "../shell/failure.ts";
import { type PageProps, usePageKeys } from "../shell/page.ts";
import { PollNotice } from "../shell/poll-notice.tsx";
import { rightsIn } from "../shell/rights.ts";
import { linkTo, type Query } from "../shell/route.ts";
import type { ServerLink } from "../shell/server-link.ts";
import { usePoll } from "../shell/use-poll.ts";
import { CreateTopic } from "./create-topic.tsx";
import { isByRate, serverSort, sortedByRate, topicColumns } from "./topic-columns.tsx";

const TOPICS_OF_PAGE = 100;
const EVERY_MS = 1000;
const BY_NAME: Sort = { name: "name", isDescending: false };

/** Outlives the page, so that a look at a topic leaves its lines whole. */
const rates = new RateWatch();

type Asked = { readonly what: "create" } | { readonly what: "delete"; readonly topic: TopicFigures };

export function TopicsPage({ link, query, onQuery }: PageProps): Child {
  const sort = parseSort(query.sort, BY_NAME);
  const [asked, setAsked] = useState<Asked | undefined>(undefined);
  const { page, error, nowMs } = useTopics(link, query, sort);
  const mayCreate = rightsIn(page?.may).mayAdmin;
  const close = (): void => setAsked(undefined);
  const create = (): void => setAsked({ what: "create" });
  usePageKeys(mayCreate ? { c: { text: "create a topic", press: create } } : {}, [mayCreate]);
  const columns = topicColumns({
    rates,
    nowMs,
    onDelete: (topic) =>
      rightsIn(topic.may).mayAdmin ? () => setAsked({ what: "delete", topic }) : undefined,
  });
  return (
    <>
      <div class="toolbar">
        <h1 class="hearing">Topics</h1>
        <TextField
          label="Name begins with"
          type="search"
          value={query.prefix ?? ""}
          onValue={(prefix) => onQuery({ prefix: prefix || undefined, after: undefined }, "replace")}
        />
        {mayCreate ? (
          <button type="button" class="end" onClick={create}>
            Create a topic…
          </button>
        ) : null}
      </div>
      <PollNotice error={error} />
      {page === undefined ? null : page.topics.length === 0 ? (
        <NoTopics link={link} query={query} mayCreate={mayCreate} />
      ) : (
        <>
          <Table
            label="Topics"
            columns={columns}
            rows={shownOf(page, query, sort)}
            keyOf={({ name }) => name}
            sort={sort}
            onSort={(to) => onQuery({ sort: formatSort(to), after: undefined })}
          />
          <Pages page={page} query={query} sort={sort} onQuery={onQuery} />
        </>
      )}
      {asked?.what === "create" ? (
        <CreateTopic
          link={link}
          onClose={close}
          onCreated={(name) => {
            location.hash = linkTo("topic", name);
          }}
        />
      ) : null}
      {asked?.what === "delete" ? <DeleteTopic link={link} topic={asked.topic} onClose={close} /> : null}
    </>
  );
}

/** The last answer stays while the answer to a new question is on its way. */
function useTopics(
  link: ServerLink,
  { prefix, after }: Query,
  sort: Sort,
): { readonly page: TopicPage | undefined; readonly error: unknown; readonly nowMs: number } {
  const by = serverSort(sort);
  const last = useRef<{ page: TopicPage; atMs: number } | null>(null);
  const { error } = usePoll(
    link,
    {
      ask: (signal) => link.once.topicPage({ prefix, after, sort: by, limit: TOPICS_OF_PAGE, signal }),
      everyMs: EVERY_MS,
      onAnswer: (page: TopicPage, atMs) => {
        rates.look(page.topics, atMs);
        last.current = { page, atMs };
      },
    },
    [link, prefix, after, by],
  );
  return { page: last.current?.page, error, nowMs: last.current?.atMs ?? 0 };
}

function hasAll({ next }: TopicPage, { after }: Query): boolean {
  return next === undefined && after === undefined;
}

function shownOf(page: TopicPage, query: Query, sort: Sort): readonly TopicFigures[] {
  return isByRate(sort) && hasAll(page, query) ? sortedByRate(page.topics, sort, rates) : page.topics;
}

interface PagesProps extends Pick<PageProps, "query" | "onQuery"> {
  readonly page: TopicPage;
  readonly sort: Sort;
}

function Pages({ page, query, sort, onQuery }: PagesProps): Child {
  /** Where the page before each one begins; a page whose URL was opened goes back to the first. */
  const [before] = useState(() => new Map<string, string | undefined>());
  const all = counted(page.count, "topic");
  const { next } = page;
  if (hasAll(page, query)) return <p class="dim">{all}</p>;
  const order = isByRate(sort) ? ", by all that was counted since the server opened them" : "";
  return (
    <Pager
      text={`${countText(page.topics.length)} of ${all}${order}`}
      onPrevious={query.after === undefined ? undefined : () => onQuery({ after: before.get(query.after!) })}
      onNext={
        next === undefined
          ? undefined
          : () => {
              before.set(next, query.after);
              onQuery({ after: next });
            }
      }
    />
  );
}

interface NoTopicsProps {
  readonly link: ServerLink;
  readonly query: Query;
  readonly mayCreate: boolean;
}

function NoTopics({ link, query: { prefix, after }, mayCreate }: NoTopicsProps): Child {
  if (prefix !== undefined)
    return <Empty text={`No topic that you may read has a name that begins with “${prefix}”.`} />;
  if (after !== undefined) return <Empty text="There are no topics behind this place any more." />;
  if (!mayCreate) return <Empty text="There is no topic that your token may read." />;
  return (
    <Empty
      text="There are no topics yet. This makes one, with a first message in it:"
      line={`${curlToCreate(link.curl, "hello", {})} && ${curlToPublish(link.curl, "hello", HELLO)}`}
    />
  );
}

interface DeleteTopicProps {
  readonly link: ServerLink;
  readonly topic: TopicFigures;
  readonly onClose: () => void;
}

function DeleteTopic({ link, topic, onClose }: DeleteTopicProps): Child {
  const { name, messages, scanners, failed } = topic;
  const also = scanners === 0 ? "" : ` and ${counted(scanners, "scanner")}`;
  return (
    <DeleteDialog
      thing="topic"
      name={name}
      text={`${counted(messages, "message")}${also} go with it. Nobody can bring them back.`}
      onClose={onClose}
      onDelete={async () => {
        try {
          await link.client.topic(name).delete({ force: scanners > 0 || failed !== undefined });
          onClose();
          return undefined;
        } catch (error) {
          return sentenceOf(error);
        }
      }}
    />
  );
}
