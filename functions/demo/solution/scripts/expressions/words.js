// Functions that expressions call as $words.NAME(…).

/** "1 h 30 min" of 90 minutes. */
export function duration(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours && `${hours} h`, rest && `${rest} min`].filter(Boolean).join(" ") || "0 min";
}
