// Requests to the server: one address each, JSON both ways.

export class Refused extends Error {}

/** The answer to the request `name`; throws Refused with the server's words. */
export async function ask(name, asked = {}, signal = undefined) {
  let response;
  try {
    response = await fetch(`api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("the studio does not answer: is it still running?");
  }
  const answer = await response.json().catch(() => ({ error: `the studio failed (${response.status})` }));
  if (!response.ok) throw new Refused(answer.error);
  return answer;
}
