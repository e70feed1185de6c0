"""The contracts of the API versions, and the checks that the code keeps them."""
