// The web socket to couplet on this machine.
//
// Owns the connection: it opens it, opens it again when it breaks, and says how it stands. What is said over it is none of
// its business.

/** Waits between attempts, in milliseconds; the last one from there on. */
const WAITS = [250, 500, 1000, 2000, 4000, 8000];

/**
 * Opens the line to the program.
 * @param {{event: (event: object) => void, standing: (standing: object) => void}} listener `standing` is `{is: "open"}`, or
 *   `{is: "lost", attempt, retryAt, answer}`; `answer` is the status of a plain request meanwhile: `403` if another run of
 *   the program answers, which doesn't know this page, `0` if nobody does.
 * @returns {{act: (action: object) => boolean, retry: () => void}}
 */
export function openLine(listener) {
  let socket = null;
  let attempt = 0;
  let timer = 0;

  function connect() {
    clearTimeout(timer);
    const address = new URL("/api/line", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const mine = new WebSocket(address);
    socket = mine;
    mine.addEventListener("open", () => {
      attempt = 0;
      listener.standing({ is: "open" });
    });
    mine.addEventListener("message", (message) => {
      const event = parsed(message.data);
      if (event) listener.event(event);
    });
    mine.addEventListener("close", () => {
      if (socket === mine) lost();
    });
  }

  async function lost() {
    socket = null;
    const wait = WAITS[Math.min(attempt, WAITS.length - 1)];
    attempt += 1;
    timer = setTimeout(connect, wait);
    const standing = { is: "lost", attempt, retryAt: Date.now() + wait, answer: 0 };
    listener.standing(standing);
    // A browser doesn't tell why a socket was refused; a plain request does.
    if (attempt < 2) return;
    const answer = await statusOfPage();
    if (answer !== 0 && attempt > 0 && socket?.readyState !== WebSocket.OPEN)
      listener.standing({ ...standing, answer });
  }

  connect();
  return {
    act(action) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(action));
      return true;
    },
    retry() {
      if (socket) return;
      connect();
    },
  };
}

async function statusOfPage() {
  try {
    return (await fetch("/", { cache: "no-store" })).status;
  } catch {
    return 0;
  }
}

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
