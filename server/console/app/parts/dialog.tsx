/** A window over the page. It takes the focus, gives it back, and closes with Escape. */
import {
  type Child,
  type Context,
  createContext,
  useContext,
  useId,
  useLayoutEffect,
  useRef,
} from "hono/jsx/dom";
import { Form } from "./form.tsx";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: Child;
}

/**
 * The page is put aside. Its windows close for as long, since a modal one would keep the reader from all else, and come
 * back as they were.
 */
export const PutAside: Context<boolean> = createContext(false);

export function Dialog({ title, onClose, children }: DialogProps): Child {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const isAside = useContext(PutAside);
  // Before any field takes the focus, which the window that closes gives back.
  useLayoutEffect(() => {
    if (isAside) return undefined;
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, [isAside]);
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={() => isAside || onClose()}>
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
