/** Asks for a token, which stays in this tab alone. */
import { type Child, useState } from "hono/jsx/dom";
import { TextField } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { sentenceOf } from "./failure.ts";
import type { PageLink } from "./page-link.ts";

export interface TokenFormProps {
  readonly link: PageLink;
  readonly onDone: () => void;
}

export function TokenForm({ link, onDone }: TokenFormProps): Child {
  const [token, setToken] = useState("");
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const signIn = async (): Promise<void> => {
    setBusy(true);
    try {
      if (await link.signIn(token.trim())) onDone();
      else setTrouble("The server does not know this token, or the token has expired.");
    } catch (error) {
      setTrouble(sentenceOf(error));
    }
    setBusy(false);
  };
  return (
    <Form class="form token-form" label="Token" onSubmit={() => void signIn()}>
      <TextField
        label="Token"
        type="password"
        value={token}
        onValue={setToken}
        error={trouble}
        hint={`${link.tokenHint} The page keeps it until this tab is closed.`}
        isFirst
      />
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || token.trim() === ""}>
          Use this token
        </button>
        {link.hasToken ? (
          <button
            type="button"
            onClick={() => {
              link.signOut();
              onDone();
            }}
          >
            Forget the one in use
          </button>
        ) : null}
      </div>
    </Form>
  );
}
