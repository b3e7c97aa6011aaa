import { discardChange, retryChange, useRejectedChanges, useStore, type RejectedChange } from "../generated/index.js";
import { verdictOf } from "./verdicts.js";

/** What the server has refused: a conflict shows both sides, and is settled here. */
export function Refused() {
  // What was refused along with another change goes its way.
  const refused = useRejectedChanges().filter(({ rejectedWith }) => rejectedWith === null);
  return refused.map((change) => <RefusedChange key={change.writeId} change={change} />);
}

function RefusedChange({ change }: { change: RejectedChange }) {
  const { model, rowKey, writeId, message, values, serverRow } = change;
  const title = useStore(({ reviews }) => (model === "reviews" ? reviews.get(rowKey)?.title : undefined));
  const columns = Object.keys(values).filter((column) => column !== "id" && serverRow !== null);
  const differing = columns.filter((column) => values[column] !== serverRow?.[column]);
  return (
    <section className="conflict" role="alert">
      <h3>{serverRow === null ? `Not taken: ${message}` : `Somebody else has changed “${title ?? model}”, too`}</h3>
      {differing.length > 0 && (
        <table>
          <thead>
            <tr>
              <th />
              <th>Yours</th>
              <th>Theirs</th>
            </tr>
          </thead>
          <tbody>
            {differing.map((column) => (
              <tr key={column}>
                <th>{column}</th>
                <td>{shown(column, values[column])}</td>
                <td>{shown(column, serverRow?.[column])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="actions">
        <button className="primary" onClick={() => void retryChange(writeId)}>
          {serverRow === null ? "Try again" : "Keep mine"}
        </button>
        <button onClick={() => void discardChange(writeId)}>{serverRow === null ? "Discard" : "Keep theirs"}</button>
      </div>
    </section>
  );
}

function shown(column: string, value: unknown): string {
  const text = String(value ?? "");
  if (column === "verdict") return verdictOf(text).label;
  return text === "" ? "(empty)" : text;
}
