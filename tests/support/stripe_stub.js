/*
 * A stub of Stripe.js, for tests only: the calls that Odoo's payment form makes.
 *
 * It asks for a card in plain inputs and talks to the stand-in with the
 * publishable key. It decides nothing: approval and decline come from there.
 * It has no frames of Stripe's, no wallets and no authentication by the bank.
 */
(() => {
    const BASE = document.currentScript.src.split("/js.stripe.com/")[0];
    const FIELDS = {number: "Card number", exp_month: "MM", exp_year: "YY", cvc: "CVC"};

    class StripeElements {
        constructor(options) {
            this.options = options;
        }

        update(changes) {
            Object.assign(this.options, changes);
        }

        create() {
            return {on: () => undefined, mount: (node) => this.mount(node)};
        }

        mount(node) {
            this.root = node;
            for (const [name, placeholder] of Object.entries(FIELDS)) {
                const input = document.createElement("input");
                Object.assign(input, {name, placeholder, autocomplete: "off"});
                input.className = "form-control mb-1";
                node.appendChild(input);
            }
        }

        value(name) {
            return this.root.querySelector(`[name=${name}]`).value;
        }

        async submit() {
            const missing = Object.keys(FIELDS).find((name) => !this.value(name));
            if (!missing) {
                return {};
            }
            const message = `Your ${FIELDS[missing]} is incomplete.`;
            return {error: {type: "validation_error", message}};
        }
    }

    class StripeStub {
        constructor(key) {
            this.key = key;
        }

        elements(options) {
            return new StripeElements(options);
        }

        async call(path, parameters) {
            const response = await fetch(`${BASE}/v1/${path}`, {
                method: "POST",
                headers: {Authorization: `Bearer ${this.key}`},
                body: new URLSearchParams(parameters),
            });
            const answer = await response.json();
            if (answer.error) {
                throw answer.error;
            }
            return answer;
        }

        async makeCard(elements) {
            return await this.call("payment_methods", {
                type: "card",
                "card[number]": elements.value("number").replaceAll(" ", ""),
                "card[exp_month]": elements.value("exp_month"),
                "card[exp_year]": `20${elements.value("exp_year")}`,
                "card[cvc]": elements.value("cvc"),
            });
        }

        async confirm(kind, {elements, clientSecret, confirmParams}) {
            const id = clientSecret.split("_secret_")[0];
            let intent = undefined;
            try {
                const card = await this.makeCard(elements);
                const parameters = {payment_method: card.id};
                intent = await this.call(`${kind}s/${id}/confirm`, parameters);
            } catch (error) {
                return {error};
            }
            if (intent.status === "requires_action") {
                const code = `${kind}_authentication_failure`;
                const message = "We are unable to authenticate your payment method.";
                return {error: {type: "card_error", code, message}};
            }
            const url = new URL(confirmParams.return_url);
            const status = intent.status === "succeeded" ? "succeeded" : "pending";
            url.searchParams.set(kind, id);
            url.searchParams.set(`${kind}_client_secret`, clientSecret);
            url.searchParams.set("redirect_status", status);
            window.location = url;
            // As the original does: the page is about to leave.
            return await new Promise(() => undefined);
        }

        confirmPayment(parameters) {
            return this.confirm("payment_intent", parameters);
        }

        confirmSetup(parameters) {
            return this.confirm("setup_intent", parameters);
        }
    }

    window.Stripe = (key) => new StripeStub(key);
})();
