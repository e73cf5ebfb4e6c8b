/** A text in which every word that was put in is isolated from the direction of the others. */
export function words(text: string): RegExp {
  const isolates = '[\\u2066-\\u2069]*';
  return new RegExp(`^${isolates}${[...text].map((c) => c.replace(/\W/, '\\$&')).join(isolates)}${isolates}\\s*$`);
}
