/*
 * Dates from seconds since 1970 (UTC).
 */

export class CalendarDate {
  year: u32;
  month: u32;
  day: u32;
  hour: u32;
  minute: u32;
  second: u32;
}

const DAYS_OF_400_YEARS: u32 = 146097;
/** Days from 1 March of year 0 to 1 January 1970. */
const DAYS_TO_1970: u32 = 719468;

/**
 * Splits a time. Years are counted from March, so that the leap day is a year's last and the lengths of the months
 * before it follow (153 m + 2) / 5 (Howard Hinnant's civil_from_days).
 */
export function calendarDate(seconds: u32, result: CalendarDate): void {
  const days = seconds / 86400 + DAYS_TO_1970;
  const rest = seconds % 86400;
  const era = days / DAYS_OF_400_YEARS;
  const dayOfEra = days % DAYS_OF_400_YEARS;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const march = (5 * dayOfYear + 2) / 153;
  result.day = dayOfYear - (153 * march + 2) / 5 + 1;
  result.month = march < 10 ? march + 3 : march - 9;
  result.year = era * 400 + yearOfEra + (result.month <= 2 ? 1 : 0);
  result.hour = rest / 3600;
  result.minute = (rest / 60) % 60;
  result.second = rest % 60;
}
