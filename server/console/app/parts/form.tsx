/** A form of the page: what is typed goes where `onSubmit` sends it, and the page stays. */
import type { Child } from "hono/jsx/dom";

export interface FormProps {
  /** Names the form. */
  readonly label?: string | undefined;
  readonly class?: string;
  readonly onSubmit: (form: HTMLFormElement) => void;
  readonly children: Child;
}

export function Form({ label, class: className = "form", onSubmit, children }: FormProps): Child {
  return (
    <form
      class={className}
      aria-label={label}
      onSubmit={(event: Event) => {
        event.preventDefault();
        onSubmit(event.target as HTMLFormElement);
      }}
    >
      {children}
    </form>
  );
}
