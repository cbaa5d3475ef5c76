uniform vec3 sky;
uniform float flatness;
in vec3 v_normal;
in vec3 v_colour;
layout (location = 0) out vec4 colour;
void main() {
    colour = vec4(mix(lit(v_colour, normalize(v_normal), sky), v_colour, flatness), 1.0);
}
