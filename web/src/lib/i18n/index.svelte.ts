/** Every word on every screen: ICU messages in catalogues, by keys the compiler knows. */
import { IntlMessageFormat } from 'intl-messageformat';
import common from './en/common.json';
import type climateCatalogue from './en/climate.json';
import type measuresCatalogue from './en/measures.json';
import type staffCatalogue from './en/staff.json';

export type Key =
  | keyof typeof common
  | keyof typeof staffCatalogue
  | keyof typeof climateCatalogue
  | keyof typeof measuresCatalogue;
export type Values = Record<string, string | number | Date>;

type Catalogue = Partial<Record<Key, string>>;

let locale = $state('en');
let messages = $state.raw<Catalogue>(common);
/** Compiling is the slow part, so each message is compiled once per locale and catalogue. */
const compiled = $derived(emptyCache(locale, messages));

type Cache = { locale: string; messages: Catalogue; formats: Map<Key, IntlMessageFormat> };

function emptyCache(locale: string, messages: Catalogue): Cache {
  return { locale, messages, formats: new Map() };
}

function formatOf({ locale, messages, formats }: Cache, key: Key): IntlMessageFormat {
  let format = formats.get(key);
  if (!format) {
    // Messages are plain text: a "<" in a catalogue is a "<" on the screen.
    format = new IntlMessageFormat(messages[key] ?? key, locale, undefined, { ignoreTag: true });
    formats.set(key, format);
  }
  return format;
}

/** The words for `key` in the reader's language. */
export function t(key: Key, values?: Values): string {
  return String(formatOf(compiled, key).format(values));
}

/** The staff's words come with the staff's pages, not with a peer's first load. */
export async function loadStaffWords(): Promise<void> {
  const { default: staff } = await import('./en/staff.json');
  messages = { ...messages, ...staff };
}

/** The words of a room's climate come with its pages. */
export async function loadClimateWords(): Promise<void> {
  const { default: climate } = await import('./en/climate.json');
  messages = { ...messages, ...climate };
}

/** The words of questionnaires come with their pages. */
export async function loadMeasureWords(): Promise<void> {
  const { default: measures } = await import('./en/measures.json');
  messages = { ...messages, ...measures };
}

export function currentLocale(): string {
  return locale;
}

export function setLocale(next: string): void {
  locale = next;
}

/** Dates as the reader's own region writes them, when it speaks the language of the words. */
function region(): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === locale) ?? locale;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${name}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(region(), options);
    formats.set(key, format);
  }
  return format;
}

/** "14:05", in the reader's own zone. */
export function clockTime(at: string | Date): string {
  return dateFormat('time', { hour: 'numeric', minute: '2-digit' }).format(new Date(at));
}

/** "Tuesday 3 November"; with the year when it is not this one. */
export function dayName(at: string | Date, now = new Date()): string {
  const day = new Date(at);
  const options: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' };
  if (day.getFullYear() === now.getFullYear()) return dateFormat('day', options).format(day);
  return dateFormat('day year', { ...options, year: 'numeric' }).format(day);
}

/** "Today", "Yesterday", or the day's name. */
export function dayLabel(at: string | Date, now = new Date()): string {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const day = new Date(at).toDateString();
  if (day === now.toDateString()) return t('time.today');
  return day === yesterday.toDateString() ? t('time.yesterday') : dayName(at, now);
}

/** "3 Nov, 14:05": short, and still unmistakable. */
export function dateTime(at: string | Date): string {
  return dateFormat('date time', {
    day: 'numeric',
    month: 'short',
    hour: 'numeric',
    minute: '2-digit',
  }).format(new Date(at));
}

/** "2 June 2026", for a date without a time. */
export function calendarDay(date: string): string {
  return dateFormat('calendar', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(date));
}

/** "5 minutes", "3 hours", "2 days": one unit, rounded, never "0". */
export function duration(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 90) return t('time.minutes', { count: minutes });
  const hours = Math.round(minutes / 60);
  if (hours < 36) return t('time.hours', { count: hours });
  return t('time.days', { count: Math.round(hours / 24) });
}
