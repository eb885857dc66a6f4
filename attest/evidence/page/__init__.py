"""The page: one HTML file that shows evidence and its verdict, and checks the evidence again in whoever's browser.

Why: people look at a page sooner than at a terminal, and a page that only claims is worth nothing. Always: the exact
bytes of the evidence are in it; what came out of evidence reaches the document as text and never as markup; it says
what it did not check. Never: anything loaded from elsewhere, a green mark for what was not looked at.
"""
