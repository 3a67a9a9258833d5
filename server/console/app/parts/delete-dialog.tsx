/** Asks for the name of what is to be deleted, so that nobody deletes another thing than the one they mean. */
import { type Child, useState } from "hono/jsx/dom";
import { FormDialog } from "./dialog.tsx";
import { TextField } from "./field.tsx";
import { Notice } from "./notice.tsx";

export interface DeleteDialogProps {
  /** What it is, as in `Delete the topic orders`. */
  readonly thing: string;
  readonly name: string;
  /** What goes with it. */
  readonly text: string;
  /** Resolves to what went wrong as a sentence; to `undefined` when it is deleted. */
  readonly onDelete: () => Promise<string | undefined>;
  readonly onClose: () => void;
}

export function DeleteDialog({ thing, name, text, onDelete, onClose }: DeleteDialogProps): Child {
  const [typed, setTyped] = useState("");
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    setTrouble(await onDelete());
    setBusy(false);
  };
  return (
    <FormDialog
      title={`Delete the ${thing} ${name}`}
      onClose={onClose}
      onSubmit={() => {
        if (typed === name) void run();
      }}
    >
      <p>{text}</p>
      <TextField
        label={`Type the name of the ${thing}`}
        value={typed}
        onValue={setTyped}
        placeholder={name}
        isFirst
      />
      {trouble === undefined ? null : <Notice text={trouble} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || typed !== name}>
          Delete it
        </button>
        <button type="button" onClick={onClose}>
          Keep it
        </button>
      </div>
    </FormDialog>
  );
}
