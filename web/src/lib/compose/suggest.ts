/**
 * Which content note might help readers of what is being written; often none.
 *
 * It speaks of what a text is about, never of how it is said, and it is silent where its author may be in danger:
 * nobody who says how bad it is shall be asked to wrap it first. Self-harm is therefore never suggested. No means
 * and no methods stand here.
 */
import type { Topic } from '#lib/compose/topics.ts';

/** Any of these, and nothing is asked. Rather too many than one too few. */
const MAYBE_IN_DANGER =
  /suici|suizid|selbstm[oö]rd|self.?harm|\bkill|end (?:it|my life|everything)|\bwant to die|\bdie\b|better off (?:dead|without)|hurt(?:ing)? my ?self|cut(?:ting)? my ?self|can'?t go on|overdos|no reason to live|umbring|nicht mehr leben|sterben|selbst ?verletz|nicht mehr weiter|ritze|matarme|suicid|morir|quitarme la vida|no quiero vivir|hacerme daño|me tuer|mourir|en finir|me faire du mal|انتحر|انتحار|أموت|أقتل نفسي|إيذاء نفسي|لا أريد أن أعيش/iu;

const ABOUT: readonly (readonly [Topic, RegExp])[] = [
  [
    'abuse',
    /\b(?:abused?|abusive|molest|raped?|assaulted|grooming)\b|missbrauch|vergewaltig|\babus[oó]|maltrat|violaron|viol(?:é|ée|ences)\b|اغتصاب|تحرش|إساءة/iu,
  ],
  [
    'violence',
    /\b(?:beat(?:en)? (?:me|her|him|us)|hit me|stabbed|shot|attacked me|violent)\b|geschlagen|gewalt|\bme peg|golpe|violencia|m'a frappé|violence|ضربني|عنف/iu,
  ],
  [
    'loss',
    /\b(?:died|passed away|funeral|grief|grieving|miscarriage|stillborn|lost my (?:mum|mom|mother|dad|father|son|daughter|child|baby|wife|husband|brother|sister|friend))\b|gestorben|beerdigung|trauer|fehlgeburt|falleci|murió|funeral|duelo|décédé|enterrement|deuil|fausse couche|توفي|جنازة|فقدت/iu,
  ],
  [
    'eating',
    /\b(?:calories|anorexi|bulimi|binge|purg|weigh(?:ed|t)? (?:\d|myself)|eating disorder)|kalorien|magersucht|essst[oö]rung|calor[ií]as|anorexia|calories|anorexie|سعرات|اضطراب الأكل/iu,
  ],
  [
    'substances',
    /\b(?:relapsed?|drunk|drinking again|cocaine|heroin|meth|withdrawal|high again)\b|r[uü]ckfall|betrunken|entzug|kokain|reca[ií]da|borrach|cocaína|rechute|ivre|cocaïne|سكران|مخدرات|إدمان/iu,
  ],
];

/** For places where nothing reads along; a wide net, and no judgement of anybody. */
export function mayBeInDanger(text: string): boolean {
  return MAYBE_IN_DANGER.test(text);
}

/** At most one topic; null where there is none, or nothing shall be asked. */
export function suggestTopic(text: string): Topic | null {
  if (mayBeInDanger(text)) return null;
  return ABOUT.find(([, words]) => words.test(text))?.[0] ?? null;
}
