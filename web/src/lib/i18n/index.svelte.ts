/** Every word on every screen: ICU messages in catalogues, by keys the compiler knows. */
import { IntlMessageFormat } from 'intl-messageformat';
import type agesCatalogue from './en/ages.json';
import type awayCatalogue from './en/away.json';
import type balanceCatalogue from './en/balance.json';
import type careCatalogue from './en/care.json';
import type climateCatalogue from './en/climate.json';
import type commonCatalogue from './en/common.json';
import type composeCatalogue from './en/compose.json';
import type dutiesCatalogue from './en/duties.json';
import type escalationsCatalogue from './en/escalations.json';
import type exportingCatalogue from './en/exporting.json';
import type flagCatalogue from './en/flag.json';
import type journalCatalogue from './en/journal.json';
import type measuresCatalogue from './en/measures.json';
import type offlineCatalogue from './en/offline.json';
import type ownCatalogue from './en/own.json';
import type planCatalogue from './en/plan.json';
import type practiceCatalogue from './en/practice.json';
import type refusalsCatalogue from './en/refusals.json';
import type rightsCatalogue from './en/rights.json';
import type sessionsCatalogue from './en/sessions.json';
import type settingsCatalogue from './en/settings.json';
import type signupCatalogue from './en/signup.json';
import type staffCatalogue from './en/staff.json';
import type waysCatalogue from './en/ways.json';
import type wellCatalogue from './en/well.json';
import type comfortCatalogue from './en/comfort.json';
import { directionOf, type Language } from './languages.ts';

export type Key =
  | keyof typeof agesCatalogue
  | keyof typeof awayCatalogue
  | keyof typeof balanceCatalogue
  | keyof typeof careCatalogue
  | keyof typeof climateCatalogue
  | keyof typeof commonCatalogue
  | keyof typeof composeCatalogue
  | keyof typeof dutiesCatalogue
  | keyof typeof escalationsCatalogue
  | keyof typeof exportingCatalogue
  | keyof typeof flagCatalogue
  | keyof typeof journalCatalogue
  | keyof typeof measuresCatalogue
  | keyof typeof offlineCatalogue
  | keyof typeof ownCatalogue
  | keyof typeof planCatalogue
  | keyof typeof practiceCatalogue
  | keyof typeof refusalsCatalogue
  | keyof typeof rightsCatalogue
  | keyof typeof sessionsCatalogue
  | keyof typeof settingsCatalogue
  | keyof typeof signupCatalogue
  | keyof typeof staffCatalogue
  | keyof typeof comfortCatalogue
  | keyof typeof waysCatalogue
  | keyof typeof wellCatalogue;
export type Values = Record<string, string | number | Date>;

type Catalogue = Partial<Record<Key, string>>;

/** Each file is fetched by itself, when its pages are first opened: `./de/staff.json`. */
const files = import.meta.glob<Catalogue>('./*/*.json', { import: 'default' });

let locale = $state<Language>('en');
let messages = $state.raw<Catalogue>({});
/** Shorter words, where somebody wrote them: a layer above the language's own. */
let plain = false;
let strange = $state.raw<((message: string) => IntlMessageFormat) | null>(null);
/** Without a line no more words come: those for it are with the first. */
const parts = new Set<string>(['common', 'offline']);
/** Compiling is the slow part, so each message is compiled once per locale and catalogue. */
const compiled = $derived(emptyCache(locale, messages));

type Cache = { locale: string; messages: Catalogue; formats: Map<Key, IntlMessageFormat> };

function emptyCache(locale: string, messages: Catalogue): Cache {
  return { locale, messages, formats: new Map() };
}

function formatOf({ locale, messages, formats }: Cache, key: Key): IntlMessageFormat {
  let format = formats.get(key);
  if (!format) {
    const message = messages[key] ?? key;
    // Messages are plain text: a "<" in a catalogue is a "<" on the screen.
    format =
      strange?.(message) ?? new IntlMessageFormat(message, locale, undefined, { ignoreTag: true });
    formats.set(key, format);
  }
  return format;
}

/** What asks for a value, or quotes: all else says just what it is, and most words do. */
const NOT_PLAIN = /[{}]|''|'[<>#]/;

/** The words for `key` in the reader's language. */
export function t(key: Key, values?: Values): string {
  const message = messages[key] ?? key;
  if (!strange && !NOT_PLAIN.test(message)) return message;
  return String(formatOf(compiled, key).format(isolated(values)));
}

/** Whether the words for a key are here: `key` may come from outside. */
export function hasWords(key: string): key is Key {
  return key in messages;
}

/** A name of another script must not turn the order of the words around it. */
function isolated(values?: Values): Values | undefined {
  if (!values || directionOf(locale) === 'ltr') return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' && value ? `\u2068${value}\u2069` : value,
    ]),
  );
}

/** From now on the pages speak this language. Nothing changes until all of its words are here. */
export async function setLanguage(next: Language): Promise<void> {
  const wanted = [...parts];
  const loaded = await Promise.all(wanted.map((part) => wordsOf(next, part)));
  if (parts.size > wanted.length) return setLanguage(next);
  locale = next;
  messages = Object.assign({}, ...loaded) as Catalogue;
  document.documentElement.lang = next;
  document.documentElement.dir = directionOf(next);
}

/** In development: every message strange to read, so that words of no catalogue stand out. */
export async function setPseudo(): Promise<void> {
  const { pseudo } = await import('./pseudo.ts');
  strange = pseudo;
  messages = { ...messages };
}

/** The words of some pages come with them, not with a peer's first load. */
async function loadWords(part: string): Promise<void> {
  parts.add(part);
  const language = locale;
  const words = await wordsOf(language, part);
  if (language !== locale) return loadWords(part);
  messages = { ...messages, ...words };
}

/** What nobody has put into this language yet is said in English. */
async function wordsOf(language: Language, part: string): Promise<Catalogue> {
  const load = files[`./${language}/${part}.json`] ?? files[`./en/${part}.json`];
  if (!load) throw new Error(`there is no catalogue ${part}`);
  const shorter = plain ? files[`./${language}-plain/${part}.json`] : undefined;
  return shorter ? { ...(await load()), ...(await shorter()) } : load();
}

/** Whether anybody wrote shorter words in this language. */
export function hasPlainWords(language: Language): boolean {
  return `./${language}-plain/common.json` in files;
}

/** From now on the pages speak in shorter words, or in their usual ones again. */
export async function setPlainWords(on: boolean): Promise<void> {
  if (plain === on) return;
  plain = on;
  await setLanguage(locale);
}

export async function loadStaffWords(): Promise<void> {
  await Promise.all(['staff', 'escalations', 'duties', 'ages', 'journal'].map(loadWords));
}
export const loadDutyWords = (): Promise<void> => loadWords('duties');
export const loadClimateWords = (): Promise<void> => loadWords('climate');
export const loadExportingWords = (): Promise<void> => loadWords('exporting');
export const loadFlagWords = (): Promise<void> => loadWords('flag');
export const loadMeasureWords = (): Promise<void> => loadWords('measures');
/** Why the server refused something: it says so in English itself. */
export async function loadRefusalWords(): Promise<void> {
  if (locale !== 'en') await loadWords('refusals').catch(() => undefined);
}
export const loadRightsWords = (): Promise<void> => loadWords('rights');
export const loadAgeWords = (): Promise<void> => loadWords('ages');
export const loadAwayWords = (): Promise<void> => loadWords('away');
export const loadCareWords = (): Promise<void> => loadWords('care');
export const loadBalanceWords = (): Promise<void> => loadWords('balance');
export const loadComposeWords = (): Promise<void> => loadWords('compose');
export async function loadPlanWords(): Promise<void> {
  await Promise.all(['plan', 'own'].map(loadWords));
}
export async function loadJournalWords(): Promise<void> {
  await Promise.all(['journal', 'own'].map(loadWords));
}
export async function loadPracticeWords(): Promise<void> {
  await Promise.all([loadWords('practice'), loadWords('flag')]);
}
export const loadComfortWords = (): Promise<void> => loadWords('comfort');
export const loadSessionWords = (): Promise<void> => loadWords('sessions');
export const loadSettingsWords = (): Promise<void> => loadWords('settings');
export async function loadSignUpWords(): Promise<void> {
  await Promise.all(['signup', 'ages'].map(loadWords));
}
export const loadWayWords = (): Promise<void> => loadWords('ways');
export const loadWellWords = (): Promise<void> => loadWords('well');

export function currentLocale(): Language {
  return locale;
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
