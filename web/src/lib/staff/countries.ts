/** Countries by their ISO 3166-1 codes; their names come from the browser, in the reader's language. */

import { currentLocale } from '#lib/i18n/index.svelte.ts';
import { countryName } from '#lib/i18n/names.ts';

const CODES =
  'AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW BY BZ ' +
  'CA CD CF CG CH CI CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR ' +
  'GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP ' +
  'KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MP MQ MR ' +
  'MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NZ OM PA PE PF PG PH PK PL PR PS PT PW PY QA RE RO RS RU RW ' +
  'SA SB SC SD SE SG SI SK SL SM SN SO SR SS ST SV SY SZ TC TD TG TH TJ TL TM TN TO TR TT TV TW TZ UA UG US UY ' +
  'UZ VA VC VE VG VI VN VU WS XK YE YT ZA ZM ZW';

export type Country = { code: string; name: string };

/** All countries by name, without those in `known`. */
export function otherCountries(known: readonly string[]): Country[] {
  const rest = CODES.split(' ').filter((code) => !known.includes(code));
  return byName(rest);
}

export function byName(codes: readonly string[]): Country[] {
  const named = codes.map((code) => ({ code, name: countryName(code) }));
  return named.sort((a, b) => a.name.localeCompare(b.name, currentLocale()));
}
