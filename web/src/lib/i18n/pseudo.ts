/** A language that nobody speaks, for development: what stays plain English on a page is in no catalogue. */
import { IntlMessageFormat } from 'intl-messageformat';

type Elements = ReturnType<IntlMessageFormat['getAst']>;
type Element = Elements[number];

const LITERAL = 0;
const LONGER = 0.4;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ACCENTED = Array.from('åƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýžÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ');

/** The message with accents, 40 % longer, in brackets; what is filled in stays as it is. */
export function pseudo(message: string): IntlMessageFormat {
  const elements = new IntlMessageFormat(message, 'en', undefined, { ignoreTag: true }).getAst();
  const strange = [literal('['), ...elements.map(accented), literal(']')];
  return new IntlMessageFormat(strange as Elements, 'en');
}

function accented(element: Element): Element {
  if (element.type === LITERAL) return { ...element, value: strangely(element.value) };
  if (!('options' in element)) return element;
  const options = Object.fromEntries(
    Object.entries(element.options).map(([name, option]) => [
      name,
      { ...option, value: option.value.map(accented) },
    ]),
  );
  return { ...element, options } as Element;
}

function strangely(words: string): string {
  const letters = Array.from(words, (letter) => ACCENTED[LETTERS.indexOf(letter)] ?? letter);
  return letters.join('') + '·'.repeat(Math.floor(words.trim().length * LONGER));
}

function literal(value: string): Element {
  return { type: LITERAL, value } as Element;
}
