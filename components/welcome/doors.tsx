"use client";
// The doors into the house: signing in, the one-time link of the first start, and an invitation.
import { type ReactNode, useState } from "react";
import { Mark } from "#components/ui/icon.tsx";
import { call } from "#lib/kit/call.ts";
import { acceptInvitation, claimInstallation, joinByInvitation } from "#lib/workspace/contract.ts";

const signIn = async (email: string, password: string): Promise<void> => {
  const answer = await fetch("/api/auth/sign-in/email", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  if (answer.status === 429) throw new Error("Too many tries. Wait ten seconds and try again.");
  if (!answer.ok) throw new Error("This address and password do not fit together. Check both, or ask an owner for a new invitation.");
};

const Door = ({
  title,
  sentence,
  verb,
  children,
  act,
}: {
  title: string;
  sentence?: string;
  verb: string;
  children: ReactNode;
  act: (form: FormData) => Promise<string>;
}) => {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  return (
    <main className="door">
      <section>
        <span style={{ color: "var(--accent)" }}>
          <Mark />
        </span>
        <h1>{title}</h1>
        {sentence ? <p className="soft">{sentence}</p> : null}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setBusy(true);
            setProblem(null);
            act(new FormData(event.currentTarget)).then(
              (to) => location.assign(to),
              (error: Error) => {
                setProblem(error.message);
                setBusy(false);
              },
            );
          }}
        >
          {children}
          {problem ? (
            <p className="problem" role="alert">
              {problem}
            </p>
          ) : null}
          <button type="submit" className="btn primary big" disabled={isBusy}>
            {verb}
          </button>
        </form>
      </section>
    </main>
  );
};

const Credentials = ({ isNew }: { isNew?: boolean }) => (
  <>
    {isNew ? (
      <label className="field">
        <span>Your name</span>
        <input name="name" required autoComplete="name" />
      </label>
    ) : null}
    <label className="field">
      <span>E-mail</span>
      <input name="email" type="email" required autoComplete="username" />
    </label>
    <label className="field">
      <span>Password</span>
      <input
        name="password"
        type="password"
        required
        minLength={isNew ? 10 : 1}
        autoComplete={isNew ? "new-password" : "current-password"}
      />
      {isNew ? <small>At least 10 characters.</small> : null}
    </label>
  </>
);

const read = (form: FormData) => ({
  name: String(form.get("name") ?? ""),
  email: String(form.get("email")),
  password: String(form.get("password")),
});

/** E-mail and password. */
export const SignIn = () => (
  <Door
    title="Sign in"
    verb="Sign in"
    act={async (form) => {
      const { email, password } = read(form);
      await signIn(email, password);
      return "/";
    }}
  >
    <Credentials />
  </Door>
);

/** The one-time link that makes the first owner. */
export const Claim = ({ code }: { code: string }) => (
  <Door
    title="Make yourself at home"
    sentence="You are the first here, so you will own the workspace main. This link works once."
    verb="Begin"
    act={async (form) => {
      const person = read(form);
      const { workspace } = await call(claimInstallation, { code, ...person });
      await signIn(person.email, person.password);
      return `/${workspace}`;
    }}
  >
    <Credentials isNew />
  </Door>
);

/** An invitation, for somebody new or somebody signed in. */
export const Invitation = ({
  code,
  to,
  role,
  by,
  isSignedIn,
}: {
  code: string;
  to: string;
  role: string;
  by: string;
  isSignedIn: boolean;
}) => (
  <Door
    title={`Join ${to}`}
    sentence={`${by} invites you as ${role}.`}
    verb="Join"
    act={async (form) => {
      if (isSignedIn) return `/${(await call(joinByInvitation, { code })).slug}`;
      const person = read(form);
      const { workspace } = await call(acceptInvitation, { code, ...person });
      await signIn(person.email, person.password);
      return `/${workspace}`;
    }}
  >
    {isSignedIn ? null : <Credentials isNew />}
  </Door>
);

/** What a used, revoked or old link leads to. */
export const InvitationOver = () => (
  <main className="door">
    <section>
      <span style={{ color: "var(--accent)" }}>
        <Mark />
      </span>
      <h1>This invitation is over.</h1>
      <p className="soft">It was used, revoked, or is older than seven days. Ask for a new link.</p>
      <p className="soft">
        Joined already?{" "}
        <a className="lk" href="/sign-in">
          Sign in
        </a>
      </p>
    </section>
  </main>
);
