/** Words to start from, asked for once per language and page. */
import { api, withQuery } from '#lib/api/client.ts';
import type { Action, CaseLine, Template } from './types.ts';

const known = new Map<string, Promise<Template[]>>();

/** Those for one decision, in this language; none when they cannot be had: a moderator can write. */
export async function wordsFor(action: Action, language: string): Promise<Template[]> {
  const asked = known.get(language) ?? ask(language);
  known.set(language, asked);
  try {
    return (await asked).filter((template) => template.action === action);
  } catch {
    known.delete(language);
    return [];
  }
}

async function ask(language: string): Promise<Template[]> {
  const path = withQuery('/api/templates', { language });
  return (await api.get<{ templates: Template[] }>(path)).templates;
}

/** Whether somebody who may be in danger would get these words as they came, from nobody in particular. */
export function isUnedited(
  line: Pick<CaseLine, 'kind' | 'about'>,
  action: Action,
  words: string,
  templates: readonly Pick<Template, 'words'>[],
): boolean {
  const inDanger =
    line.about !== null || ['risk', 'line', 'look_again', 'measure'].includes(line.kind);
  const isFirstWord = action === 'reach_out' || action === 'care_note';
  return inDanger && isFirstWord && templates.some((each) => each.words.trim() === words.trim());
}

/** The next of them, after the one that stands there; what somebody wrote is never replaced. */
export function nextStart(
  templates: readonly Pick<Template, 'words'>[],
  words: string,
  by: 1 | -1,
): string {
  if (templates.length === 0) return words;
  const at = templates.findIndex((each) => each.words === words);
  if (at === -1 && words.trim()) return words;
  const next = at === -1 ? (by === 1 ? 0 : -1) : at + by;
  return templates.at(next % templates.length)?.words ?? words;
}
