/**
 * Comfort to reach somebody in what is being written: found here, in the browser, before anything is sent.
 *
 * The server looks again (moderation/contact.py) with more patterns. These are the plain ones; both leave dates,
 * times, prices and the numbers of help lines alone.
 */

/** UTF-16 units of the text, end exclusive. */
export type Found = { start: number; end: number };

const TOP = 'com|net|org|edu|info|io|me|co|uk|de|fr|es|it|nl|eu|ch|at|be|pl|se|ie|ca|au|us|example';
const SERVICE =
  'insta(?:gram)?|snap(?:chat)?|discord|telegram|whats?app|kik|skype|tiktok|facebook|signal|threema';
const NAME = String.raw`@?[\p{L}\d][\w.\-]{1,30}(?:#\d{4})?`;

/** With a digit or a sign in it, so that it is no ordinary word. */
const ODD_NAME = String.raw`(?=[\p{L}.\-]{0,31}[\d_@#])${NAME}`;

const PATTERNS: readonly RegExp[] = [
  // somebody@somewhere.org, and the same said in words
  /(?<![\w.+\-@])[\w.+-]{1,64}@[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63}){0,3}\.[a-z]{2,12}(?![\w@])/giu,
  new RegExp(
    String.raw`(?<![\w.])[\w.+-]{2,40} ?(?:[(\[](?:at|ät|arroba|arobase)[)\]]|\b(?:at|arroba|arobase)\b) ?[\w-]{2,32} ?(?:[(\[](?:dot|punkt|punto|point)[)\]]|\b(?:dot|punkt|punto|point)\b|\.) ?(?:${TOP})(?!\w)`,
    'giu',
  ),
  // an invitation
  /(?:https?:\/\/|(?<![\w.@/-]))(?:www\.)?(?:discord\.(?:gg|com)|t(?:elegram)?\.me|wa\.me|chat\.whatsapp\.com|(?:m|fb)\.me|signal\.(?:me|group)|(?:instagram|facebook|tiktok|twitter|x|snapchat)\.com)\/[\w@#:.+/?=%-]{2,200}/giu,
  // my insta is …, add me on … as …
  new RegExp(
    String.raw`\b(?:my|mein|meine|mi|mon)\s(?:${SERVICE})(?:\s(?:name|handle|user(?:name)?|id))?\s?(?:(?:is|ist|es|est)\s${ODD_NAME}|[:=]\s?${NAME})`,
    'giu',
  ),
  new RegExp(String.raw`\b(?:${SERVICE})\s?[:=@]\s?${NAME}`, 'giu'),
  new RegExp(
    String.raw`\b(?:add|find|text|message|dm)\sme\s(?:on|at)\s(?:${SERVICE})\s?(?:as|:|@|=)\s?${NAME}`,
    'giu',
  ),
  /(?<![\w#])[a-z][\w.-]{1,31}#\d{4}(?!\w)/giu,
  /(?<![\w@.+/-])@(?=[\w.]*[\d_.])[a-z_][\w.]{2,28}\w(?![\w@])/giu,
  // where somebody lives
  /(?<![\w.,:/$£€-])\d{1,5}[A-Da-d]?,? (?:[A-Z][\p{L}'’-]{1,20} ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Court|Close|Terrace)(?![\w'’])/gu,
  /(?<![\p{L}])\p{Lu}[\p{L}-]{2,30}(?:straße|strasse|gasse|weg|platz|allee) \d{1,4}[a-d]?(?![\w.])/gu,
  /(?<![\w])(?:calle|avenida|rue|avenue|boulevard) (?:de (?:la |los |las )?|du |des |de l['’])?\p{Lu}[\p{L}' -]{2,30}?,? \d{1,4}(?!\w)/giu,
  /(?<!\w)\d{1,4},? (?:rue|avenue|boulevard) (?:de (?:la )?|du |des |de l['’])?\p{L}[\p{L}-]{2,30}/giu,
];

const NUMBER = /(?<![\w.,:/#$£€¥+-])(?:\+|00)?\(?\d[\d\s().\-/]{5,24}\d(?![\w%€£$])/gu;
const DATE =
  /^(?:\d{1,2}[./\- ]\d{1,2}[./\- ](?:19|20)?\d{2}|(?:19|20)\d{2}[./\- ]\d{1,2}[./\- ]\d{1,2})/u;
const YEARS = /^(?:19|20)\d{2}\s?[-/]\s?(?:19|20)?\d{2}$/u;
const THOUSANDS = /^\d{1,3}(?:[ .]\d{3})+$/u;
const ASKED =
  /\b(?:call|text|ring|phone|number|mobile|whats?app|signal|sms|handy|nummer|telefon|anrufen|ruf|llama|llámame|número|móvil|teléfono|appelle|numéro|téléphone|رقمي|اتصل|هاتف)\P{L}[^\n.!?]{0,30}$/iu;

/** Lines that help may always be named. Digits only; whatever begins with these digits' own country code, too. */
const HELP =
  /^(?:112|911|999|000|111|988|110|119|116123|116111|116117|13114|131114|3114|741741|85258|686868|1800273(?:8255|TALK)|18002738255|8002738255|8001110111|08001110111|08001110222|08001110550|08001116016|0800116123|717003717|024|15|17|18|144|142|143|147)$/u;

function isNumber(text: string, at: number, written: string): boolean {
  const digits = written.replace(/\D/g, '');
  if (digits.length < 7 || digits.length > 15 || HELP.test(digits)) return false;
  if (DATE.test(written) || YEARS.test(written) || new Set(digits).size === 1) return false;
  if (/^(?:\+|00)/u.test(written)) return true;
  if (ASKED.test(text.slice(Math.max(0, at - 48), at))) return true;
  if (THOUSANDS.test(written)) return false;
  return digits.length >= 9 && (written.startsWith('0') || /\d{3,}\D+\d{3,}/u.test(written));
}

/** Where contact details stand, in order, none overlapping. `names`: members may be called by theirs. */
export function findContact(text: string, names: ReadonlySet<string> = new Set()): Found[] {
  const found: Found[] = [];
  const keep = (start: number, words: string): void => {
    const end = start + words.length;
    if (found.some((other) => start < other.end && other.start < end)) return;
    if (words.startsWith('@') && names.has(words.slice(1).toLowerCase())) return;
    found.push({ start, end });
  };
  for (const pattern of PATTERNS)
    for (const match of text.matchAll(pattern)) keep(match.index, match[0]);
  for (const match of text.matchAll(NUMBER)) {
    const written = match[0].trim();
    if (isNumber(text, match.index, written)) keep(match.index, written);
  }
  return found.sort((one, other) => one.start - other.start);
}

/** The text with `words` in the place of each. */
export function leftOut(text: string, found: readonly Found[], words: string): string {
  let out = text;
  for (const { start, end } of [...found].reverse())
    out = out.slice(0, start) + words + out.slice(end);
  return out;
}
