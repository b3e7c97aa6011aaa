const TIMESTAMP = /^(\d{4,}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(?:Z|([+-]\d\d)(?::?(\d\d))?)?$/;

/** A timestamp of PostgreSQL as the wire has it, to the last digit. What isn't one (`infinity`) stays as it is. */
export function isoTimestamp(text: string): string {
  const [, date, time, fraction = "", hours, minutes = "00"] = TIMESTAMP.exec(text) ?? [];
  if (date === undefined || time === undefined) return text;
  if (hours === undefined || Number(hours) + Number(minutes) === 0) return `${date}T${time}${fraction}Z`;
  const moment = new Date(`${date}T${time}${hours}:${minutes}`);
  if (Number.isNaN(moment.getTime())) return text;
  return `${moment.toISOString().slice(0, -".000Z".length)}${fraction}Z`;
}
