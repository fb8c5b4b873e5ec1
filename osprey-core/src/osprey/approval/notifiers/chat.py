"""The notifier `chat`: a message in a channel of Slack, Mattermost or whatever takes their form of webhooks."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

from attrs import field, frozen

from osprey.approval.notifiers.own_threads import OwnThreads
from osprey.approval.notifiers.rules import require_private
from osprey.config.rules import WebAddress

if TYPE_CHECKING:
    from osprey.approval.notifiers.notice import Notice


@frozen(kw_only=True)
class ChatSettings:
    """`approval.notify.<name>.settings` with `via: chat`."""

    secret_url: str = field(validator=WebAddress(), repr=False)
    """The address of an incoming webhook, as the chat gives it. Whoever knows it can post, so it is never shown."""
    allow_plain_http: bool = False
    """Whether `http` to another host will do, though anybody on the way can read and change it."""

    def __attrs_post_init__(self) -> None:
        require_private("secret_url", self.secret_url, allow_plain_http=self.allow_plain_http)


class ChatNotifier:
    """Posts notices as messages."""

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        self._threads = OwnThreads()

    async def send(self, notice: Notice) -> None:
        """Post one notice.

        :raises NotSentError: it was not taken.
        """
        from osprey.approval.notifiers.posting import post_json

        body = json.dumps({"text": message_of(notice)}).encode()
        await self._threads.run(lambda: post_json(self._settings.secret_url, body, {}))


def message_of(notice: Notice) -> str:
    """Give the message: a block of plain text, because elsewhere a title could draw links, pictures and mentions."""
    # The two forms of a mention are `<!channel>` and `@channel`; a back-quote would end the block.
    plain = html.escape(notice.text(), quote=False).replace("`", "'").replace("@", "@\u200b")
    return f"```\n{plain}\n```"
