"""The exceptions of the verifier."""


class VerifyError(Exception):
    """The request cannot be carried out. The message is one line for the user."""


class NotApplicable(Exception):
    """A check has nothing to compare, because timm itself does not offer this. The message says what timm said."""


class ParityFailure(Exception):
    """The two models disagree in a way that no error figure expresses, or the comparison would prove nothing."""
