/** A window over the page. It takes the focus, gives it back, and closes with Escape. */
import { type Child, useEffect, useId, useRef } from "hono/jsx/dom";
import { Form } from "./form.tsx";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: Child;
}

export function Dialog({ title, onClose, children }: DialogProps): Child {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose}>
      <header class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={() => dialog.current?.close()}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}

export interface FormDialogProps extends DialogProps {
  /** Names the form. */
  readonly label?: string;
  readonly onSubmit: () => void;
}

/** A window with a form. */
export function FormDialog({ title, onClose, label, onSubmit, children }: FormDialogProps): Child {
  return (
    <Dialog title={title} onClose={onClose}>
      <Form label={label} onSubmit={onSubmit}>
        {children}
      </Form>
    </Dialog>
  );
}
