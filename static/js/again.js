// How a request that went wrong is made once more: as the person made it.
export const again = (ctx) => {
  const { sourceElement: source, request } = ctx;
  if (!source?.isConnected || source === document.body) return null; // a script asked
  const { submitter } = request;
  if (source.matches("form")) return () => source.isConnected && source.requestSubmit(submitter?.isConnected ? submitter : undefined);
  if (source.matches("a, button")) return () => source.click();
  return () => source.dispatchEvent(new CustomEvent("almanac:changed", { bubbles: true })); // it shows itself anew
};

// Every form and request of the page carries this token; a new session has another one.
export const useToken = (token) => {
  const body = document.body;
  const headers = [...body.attributes].find((one) => one.name.startsWith("hx-headers"));
  if (headers) headers.value = JSON.stringify({ ...JSON.parse(headers.value), "X-CSRFToken": token });
  for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
};
