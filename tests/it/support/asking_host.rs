//! Hosts over every transport and in both eras that show a question of the server to the test, which is the
//! person that answers it.

use serde_json::{Value, json};
use tokio::process::Command;

use super::call;
use super::line::Line;
pub(crate) use super::line::{ERAS, LEGACY, MODERN, Over, WAYS, Way};
use super::process::Server;
use super::stdio_host::StdioHost;

/// The person says yes.
pub(crate) fn yes() -> Value {
    json!({"action": "accept", "content": {"confirm": true}})
}

/// Every way not to say yes, and what it is called.
pub(crate) fn refusals() -> [(Value, &'static str); 2] {
    [(json!({"action": "decline"}), "declined"), (json!({"action": "cancel"}), "dismissed")]
}

/// The form sent off as it was.
pub(crate) fn not_ticked() -> Value {
    json!({"action": "accept", "content": {"confirm": false}})
}

/// What the server wants to know from a person, and where the answer goes.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) message: String,
    pub(crate) schema: Value,
    call: Box<Call>,
    back: Back,
}

#[derive(Debug, Clone)]
struct Call {
    id: u64,
    tool: String,
    arguments: Value,
}

#[derive(Debug, Clone)]
enum Back {
    /// The id of the server's own request.
    Request(Value),
    /// The name of the question and the `requestState`, both for a repeat of the call.
    Repeat(String, Value),
}

impl Question {
    /// The `requestState` of 2026-07-28.
    pub(crate) fn state(&self) -> Value {
        if let Back::Repeat(_, state) = &self.back {
            state.clone()
        } else {
            panic!("an older era has no state")
        }
    }
}

/// What comes of a call, or of the answer to a question.
#[derive(Debug)]
pub(crate) enum Reply {
    Question(Question),
    Result(Value),
}

impl Reply {
    pub(crate) fn question(self) -> Question {
        match self {
            Self::Question(question) => question,
            Self::Result(result) => panic!("nobody was asked: {result}"),
        }
    }

    pub(crate) fn result(self) -> Value {
        match self {
            Self::Result(result) => result,
            Self::Question(question) => panic!("a person was asked: {}", question.message),
        }
    }

    /// The structured content of a success.
    pub(crate) fn answer(self) -> Value {
        let result = self.result();
        assert_ne!(result["isError"], true, "{result}");
        result["structuredContent"].clone()
    }

    pub(crate) fn error(self) -> Value {
        super::tool_error(&self.result())
    }
}

pub(crate) struct AskingHost {
    line: Line,
    way: Way,
    name: String,
    capabilities: Value,
    next_id: u64,
    /// A server that nobody else uses.
    _server: Option<Server>,
}

impl AskingHost {
    /// A host of that name, on a server of its own that `command` starts; `capabilities` are what it declares.
    pub(crate) async fn open(command: Command, way: Way, name: &str, capabilities: Value) -> Self {
        let (line, server) = match way.over {
            Over::Stdio => (Line::Stdio(StdioHost::spawn(command)), None),
            Over::Http | Over::Sse => {
                let server = Server::start_command(command).await;
                (Line::to(&server.url, way).await, Some(server))
            }
        };
        let mut host = Self { line, way, name: name.to_owned(), capabilities, next_id: 1, _server: server };
        if !way.is_modern() {
            let client = json!({"name": name, "version": "1"});
            let hello = json!({"protocolVersion": way.version, "capabilities": host.capabilities, "clientInfo": client});
            let answer = host.request("initialize", hello).await;
            assert_eq!(answer["result"]["protocolVersion"], way.version);
            host.line.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        }
        host
    }

    /// Calls a tool.
    pub(crate) async fn call(&mut self, tool: &str, arguments: Value) -> Reply {
        let id = self.start(&call(tool, arguments.clone())).await;
        self.reply(Call { id, tool: tool.to_owned(), arguments }).await
    }

    /// Answers a question of the server.
    pub(crate) async fn answer(&mut self, question: Question, answer: Value) -> Reply {
        let Question { mut call, back, .. } = question;
        match back {
            Back::Request(id) => self.line.send(&json!({"jsonrpc": "2.0", "id": id, "result": answer})).await,
            Back::Repeat(name, state) => {
                let responses = json!({ name: answer });
                call.id = self.start(&repeat(&call.tool, &call.arguments, &responses, &state)).await;
            }
        }
        self.reply(*call).await
    }

    /// Answers a question of an older era with a JSON-RPC error.
    pub(crate) async fn fail(&mut self, question: Question, error: Value) -> Reply {
        let Back::Request(id) = question.back else { panic!("2026-07-28 has no error for an answer") };
        self.line.send(&json!({"jsonrpc": "2.0", "id": id, "error": error})).await;
        self.reply(*question.call).await
    }

    /// Repeats a call as 2026-07-28 does, with whatever for an answer and a state.
    pub(crate) async fn repeat(
        &mut self,
        tool: &str,
        arguments: Value,
        responses: Value,
        state: Value,
    ) -> Reply {
        let id = self.start(&repeat(tool, &arguments, &responses, &state)).await;
        self.reply(Call { id, tool: tool.to_owned(), arguments }).await
    }

    /// The structured content of a call that a person agrees to.
    pub(crate) async fn agreed(&mut self, tool: &str, arguments: Value) -> Value {
        let question = self.call(tool, arguments).await.question();
        self.answer(question, yes()).await.answer()
    }

    /// Any request that asks nothing back; gives the whole answer.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params).await;
        let message = self.line.receive().await;
        assert_eq!(message["id"], id, "{message}");
        message
    }

    /// Ends a server on stdio; gives what it wrote to stderr.
    pub(crate) async fn finish(self) -> String {
        let Line::Stdio(host) = self.line else { panic!("only a server on stdio ends with its host") };
        let (status, log) = host.finish().await;
        assert!(status.success(), "{log}");
        log
    }

    async fn start(&mut self, params: &Value) -> u64 {
        self.begin("tools/call", params.clone()).await
    }

    async fn begin(&mut self, method: &str, mut params: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        if self.way.is_modern() {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.way.version,
                "io.modelcontextprotocol/clientInfo": {"name": self.name, "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            });
        }
        self.line.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        id
    }

    /// The result of the call, or the question that comes before it.
    async fn reply(&mut self, call: Call) -> Reply {
        let message = self.line.receive().await;
        if message["method"] == "elicitation/create" {
            return Reply::Question(question(&message["params"], call, Back::Request(message["id"].clone())));
        }
        assert_eq!(message["id"], call.id, "{message}");
        let result = message.get("result").unwrap_or_else(|| panic!("the call failed: {message}")).clone();
        if result["resultType"] != "input_required" {
            return Reply::Result(result);
        }
        let requests = result["inputRequests"].as_object().unwrap();
        assert_eq!(requests.len(), 1, "one question at a time: {result}");
        let (name, request) = requests.iter().next().unwrap();
        assert_eq!(request["method"], "elicitation/create");
        let back = Back::Repeat(name.clone(), result["requestState"].clone());
        Reply::Question(question(&request["params"], call, back))
    }
}

fn repeat(tool: &str, arguments: &Value, responses: &Value, state: &Value) -> Value {
    let mut params = call(tool, arguments.clone());
    for (name, value) in [("inputResponses", responses), ("requestState", state)] {
        if !value.is_null() {
            params[name] = value.clone();
        }
    }
    params
}

fn question(params: &Value, call: Call, back: Back) -> Question {
    let message = params["message"].as_str().unwrap().to_owned();
    Question { message, schema: params["requestedSchema"].clone(), call: Box::new(call), back }
}
