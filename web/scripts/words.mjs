/**
 * The catalogues of the languages, beside the English ones.
 *
 *   node scripts/words.mjs missing [de]        prints what is to be translated: {"de": {"common": {"key": "English"}}}
 *   node scripts/words.mjs fill translated.json  takes the same shape back, in the order of the English file
 *
 * `fill` drops the keys that English no longer has, and keeps what was translated before.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HOME = join(dirname(fileURLToPath(import.meta.url)), '../src/lib/i18n');
const LANGUAGES = Object.keys(read('languages.json')).filter((language) => language !== 'en');
const PARTS = readdirSync(join(HOME, 'en')).map((file) => file.replace('.json', ''));

function read(file) {
  const path = join(HOME, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

function missing(languages) {
  const found = {};
  for (const language of languages)
    for (const part of PARTS) {
      const known = read(`${language}/${part}.json`);
      const open = Object.entries(read(`en/${part}.json`)).filter(([key]) => !(key in known));
      if (open.length) (found[language] ??= {})[part] = Object.fromEntries(open);
    }
  return found;
}

/** The English file's own lines, so that groups stay groups. */
function fill(language, part, translated) {
  const words = { ...read(`${language}/${part}.json`), ...translated };
  const lines = readFileSync(join(HOME, `en/${part}.json`), 'utf8').split('\n');
  const filled = lines.flatMap((line) => {
    const key = /^ {2}("(?:[^"\\]|\\.)+"): /.exec(line)?.[1];
    if (!key) return [line];
    const word = words[JSON.parse(key)];
    return word === undefined ? [] : [`  ${key}: ${JSON.stringify(word)},`];
  });
  const text = filled.join('\n').replace(/,(\s*\})/, '$1');
  mkdirSync(join(HOME, language), { recursive: true });
  writeFileSync(join(HOME, `${language}/${part}.json`), text);
}

const [command, given] = process.argv.slice(2);
if (command === 'missing') {
  process.stdout.write(`${JSON.stringify(missing(given ? [given] : LANGUAGES), null, 2)}\n`);
} else if (command === 'fill' && given) {
  const all = JSON.parse(readFileSync(given, 'utf8'));
  for (const [language, parts] of Object.entries(all))
    for (const [part, words] of Object.entries(parts)) fill(language, part, words);
} else {
  process.stderr.write('words.mjs missing [language] | fill FILE\n');
  process.exit(2);
}
