/** Some contacts, each with notes. */
const PEOPLE = [
  ["Ada", "Lovelace", "ada@example.com", "Wrote the first program.", "Prefers letters to calls."],
  ["Alan", "Turing", "alan@example.com", "Runs on Thursday evenings."],
  ["Barbara", "Liskov", "barbara@example.com", "Ask her about substitution."],
  ["Edsger", "Dijkstra", null, "Only by post: he reads no mail."],
  ["Frances", "Allen", "frances@example.com"],
  ["Grace", "Hopper", "grace@example.com", "Collects moths.", "In the office from Monday to Wednesday."],
  ["Hedy", "Lamarr", null],
  ["John", "von Neumann", "john@example.com", "Likes loud music at work."],
  ["Katherine", "Johnson", "katherine@example.com", "Checks every number herself."],
  ["Margaret", "Hamilton", "margaret@example.com"],
  ["Radia", "Perlman", "radia@example.com", "Owes us a poem on spanning trees."],
];

/** @param {import("./database.js").Transaction} transaction */
export async function seed(transaction) {
  for (const [first, last, email, ...notes] of PEOPLE) {
    const { rows } = await transaction.query(
      "INSERT INTO contacts (first_name, last_name, email) VALUES ($1, $2, $3) RETURNING id",
      [first, last, email],
    );
    const [contact] = /** @type {{ id: string }[]} */ (rows);
    for (const text of notes) {
      await transaction.query("INSERT INTO notes (contact_id, text) VALUES ($1, $2)", [contact?.id, text]);
    }
  }
}
