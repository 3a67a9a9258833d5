/** Checks what topics say of their forks and sources, and tells topics from what is left of deleted ones. */
import { silentLogger } from "../base/logger.ts";
import { nodeRuntime } from "../base/runtime.ts";
import type { Disk } from "../disk/disk.ts";
import type { FileFinding } from "../log/index.ts";
import type { DataFolderContent } from "../storage/data-folder.ts";
import { LINEAGE_NAME, readLineage } from "../storage/lineage-file.ts";
import { mendLineages } from "../storage/mend-lineages.ts";
import type { Relation } from "../storage/relation.ts";

export interface LineagesCheck {
  /** Names of topics that were not deleted. */
  readonly topics: readonly string[];
  readonly findings: readonly (FileFinding & { readonly topic: string })[];
}

/** `disk` refuses changes. What a start would mend is a note, and a file that is damaged is damage. */
export async function checkLineages(
  disk: Disk,
  folder: string,
  content: DataFolderContent,
): Promise<LineagesCheck> {
  const options = { disk, runtime: nodeRuntime, logger: silentLogger, folder };
  const relations = await mendLineages(options, content);
  const findings: LineagesCheck["findings"][number][] = [];
  for (const topic of new Set([...content.related, ...relations.keys()])) {
    const file = `${folder}/${topic}/${LINEAGE_NAME}`;
    const copy = await readLineage(disk, `${folder}/${topic}`);
    if (copy.status === "damaged" || copy.status === "unreadable") {
      const kind = copy.status === "damaged" ? "damage" : "unreadable";
      const message = `it ${copy.trouble}; the next start makes it again from those of its source and its forks`;
      findings.push({ kind, file, topic, message });
    }
    const message = noteOn(relations.get(topic));
    if (message !== undefined) findings.push({ kind: "note", file, topic, message });
  }
  return { topics: content.topics.filter((name) => relations.get(name)?.isDeleted !== true), findings };
}

function noteOn(relation: Relation | undefined): string | undefined {
  if (relation === undefined) return undefined;
  const { forks } = relation.lineage;
  if (relation.isDead)
    return "what is left of a deleted topic, whose forks are gone; the next start removes it";
  if (relation.isDeleted) return `the name of a deleted topic, kept for its forks: ${forks.join(", ")}`;
  return relation.isChanged
    ? "at odds with those of its source and its forks; the next start mends it"
    : undefined;
}
